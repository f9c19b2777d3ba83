import jax
import numpy as np
import pytest
import sklearn.linear_model as sk
from asserts import assert_close, values, widest

import xdl
from xdl import optim
from xdl.models import LinearRegression, largest_rate

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4)) * [1, 2, 3, 4] + 3
Y = X @ [1.0, -2, 0.5, 0] + 7 + RNG.normal(size=30)
W = RNG.uniform(0.5, 2, size=30)


def arrays(xp, *parts, dtype=None):
    return [xp.asarray(part, dtype=dtype or widest(xp)) for part in parts]


def close(model, expected, like, rtol=1e-9):
    rtol = max(rtol, 2e-3 if like.dtype.itemsize == 4 else 0) if hasattr(like.dtype, "itemsize") else 1e-8
    assert_close(model.coefficients, expected.coef_, like=like, rtol=rtol, atol=rtol)
    assert_close(model.intercept, expected.intercept_, like=like, rtol=rtol, atol=rtol)


@pytest.mark.usefixtures("syncs")
@pytest.mark.parametrize("method", ["svd", "qr", "normal"])
@pytest.mark.parametrize("intercept", [True, False])
def test_ridge_is_that_of_scikit_learn(xp, method, intercept):
    x, y, w = arrays(xp, X, Y, W)
    expected = sk.Ridge(alpha=3, fit_intercept=intercept).fit(X, Y, sample_weight=W)
    model = LinearRegression.fit(x, y, alpha=3.0, weights=w, fit_intercept=intercept, method=method)
    close(model, expected, x)
    assert model.success is True
    plain = LinearRegression.fit(x, y, fit_intercept=intercept, method=method)
    close(plain, sk.LinearRegression(fit_intercept=intercept).fit(X, Y), x)
    assert_close(plain.predict(x), plain(x))


METHODS = [optim.BFGS(), optim.LBFGS(), optim.GradientDescent(), optim.Newton(), optim.NewtonCG()]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_minimizers_find_the_same(method):
    expected = sk.Ridge(alpha=3).fit(X, Y, sample_weight=W)
    model = LinearRegression.fit(X, Y, alpha=3.0, weights=W, method=method, gtol=1e-9, max_iterations=20_000)
    assert model.success, model.message
    close(model, expected, X, rtol=1e-6)


@pytest.mark.usefixtures("syncs")
def test_many_data_sets_at_once(xp64):
    xp = xp64
    Xs, Ys = np.stack([X, X[::-1] ** 2 / 10]), np.stack([Y, W])
    x, y, alpha = arrays(xp, Xs, Ys, np.asarray([0.5, 2.0]))
    for method in ("svd", "qr", "normal", optim.LBFGS()):
        model = LinearRegression.fit(x, y, alpha=alpha, method=method, gtol=1e-8, max_iterations=5000)
        assert values(model.success).tolist() == [True, True]
        for k in range(2):
            one = LinearRegression.fit(Xs[k], Ys[k], alpha=float(values(alpha)[k]))
            rtol = 1e-10 if isinstance(method, str) else 1e-4
            assert_close(model.coefficients[k, ...], one.coefficients, like=x, rtol=rtol, atol=rtol)
            assert_close(model(x)[k, ...], one(Xs[k]), like=x, rtol=rtol, atol=rtol)


def test_dependent_columns_have_the_shortest_solution():
    double = np.c_[X, X[:, :2]]
    expected = np.linalg.pinv(double - double.mean(0)) @ (Y - Y.mean())
    model = LinearRegression.fit(double, Y)
    assert_close(model.coefficients, expected, rtol=1e-9)
    least = LinearRegression.fit(X, Y).result.value
    for method in ("svd", "qr", "normal"):
        model = LinearRegression.fit(double, Y, method=method)
        assert np.all(np.isfinite(model.coefficients))
        assert not model.success or model.result.value == pytest.approx(least, rel=1e-9)


def test_more_features_than_examples():
    model = LinearRegression.fit(X[:3], Y[:3])
    assert model.success
    assert_close(model(X[:3]), Y[:3], rtol=1e-10)
    for method in ("qr", "normal"):
        assert np.all(np.isfinite(LinearRegression.fit(X[:3], Y[:3], method=method, alpha=0.1).coefficients))


def test_no_features_leave_the_mean():
    model = LinearRegression.fit(X[:, :0], Y)
    assert model.intercept == pytest.approx(Y.mean())
    assert model.coefficients.shape == (0,)


@pytest.mark.usefixtures("syncs")
def test_data_that_are_not_finite_give_a_result_that_says_so(xp):
    bad = X.copy()
    bad[3, 1] = np.inf
    x, y = arrays(xp, bad, Y)
    for method in ("svd", "qr", "normal", optim.BFGS()):
        model = LinearRegression.fit(x, y, method=method)
        assert np.all(np.isfinite(values(model.coefficients)))
        assert not model.success
        assert "NaN" in model.message


def test_standard_errors_are_those_of_the_textbook():
    """numpy.polyfit scales its covariance alike: RSS / (n - q)."""
    x = X[:, :1]
    (slope, level), cov = np.polyfit(x[:, 0], Y, 1, cov=True)
    model = LinearRegression.fit(x, Y)
    assert_close(model.covariance(x, Y), cov[::-1, ::-1], rtol=1e-10)
    table = model.table(x, Y)
    assert_close(table.estimate, np.asarray([level, slope]))
    assert_close(table.standard_error, np.sqrt(np.diag(cov))[::-1], rtol=1e-10)
    origin = LinearRegression.fit(x, Y, fit_intercept=False)
    r = Y - origin(x)
    assert_close(origin.standard_errors(x, Y), np.sqrt([r @ r / 29 / (x[:, 0] @ x[:, 0])]))


def test_it_compiles():
    with jax.enable_x64(True):
        x, y = jax.numpy.asarray(X), jax.numpy.asarray(Y)
        f = jax.jit(lambda x, y, a: LinearRegression.fit(x, y, alpha=a).coefficients)
        assert_close(
            f(x, y, jax.numpy.asarray(2.0)), LinearRegression.fit(X, Y, alpha=2.0).coefficients, like=x
        )


@pytest.mark.parametrize("method", ["svd", "normal"])
def test_gradient_of_the_prediction_by_the_penalty(method):
    """d/da (X'X + aI)^-1 X'y = -(X'X + aI)^-1 w."""

    def first(alpha):
        return LinearRegression.fit(X, Y, alpha=alpha, method=method).coefficients[0]

    found = xdl.grad(first)(np.asarray(2.0))
    step = 1e-4
    difference = (first(np.asarray(2.0 + step)) - first(np.asarray(2.0 - step))) / (2 * step)
    assert found == pytest.approx(difference, rel=1e-6)


# ---- the book ----


def test_growth_of_data():
    """Figure 1.5: log of created data on the year, then the two-stage use of what was stored."""
    model = LinearRegression.fit(np.asarray([[6.0], [10], [18], [21], [22]]), np.log([0.16, 1.2, 33, 79, 97]))
    assert model.intercept == pytest.approx(-4.02624, abs=1e-5)
    assert model.coefficients[0] == pytest.approx(0.40158, abs=1e-5)
    years = np.asarray([[6.0], [7], [10], [12], [18], [21], [22]])
    created = np.log([0.16, 0.72, 1.2, 6.97, 33, 79, 97])
    both = LinearRegression.fit(years, created)
    assert both.success


@pytest.mark.parametrize(("part", "converges"), [(0.98, True), (1.02, False)])
def test_gradient_descent_converges_below_the_bound_on_its_step(part, converges):
    """Figure 2.7: descent on (1/n) ‖y - X theta‖² converges if and only if the rate is below n / lambda_max(X'X)."""
    rate = float(largest_rate(X))
    Z = np.c_[np.ones(30), X]
    assert rate == pytest.approx(30 / np.linalg.eigvalsh(Z.T @ Z).max())
    options = {"gtol": 1e-8, "max_iterations": 50_000}
    model = LinearRegression.fit(X, Y, method=optim.SGD(part * rate), **options)
    assert model.success is converges
    assert np.all(np.isfinite(model.coefficients))
    if converges:
        assert_close(model.coefficients, LinearRegression.fit(X, Y).coefficients, rtol=1e-6, atol=1e-8)


def test_the_bound_of_a_matrix_of_zeros_is_infinite():
    assert largest_rate(np.zeros((3, 2)), fit_intercept=False) == np.inf


def test_wrong_methods_are_refused():
    with pytest.raises(ValueError, match="'svd', 'qr', 'normal'"):
        LinearRegression.fit(X, Y, method="lu")
    with pytest.raises(ValueError, match="`batch_size` is for update rules"):
        LinearRegression.fit(X, Y, method=optim.BFGS(), batch_size=3)
    with pytest.raises(TypeError, match="`method`"):
        LinearRegression.fit(X, Y, method=3)
    model = LinearRegression(np.ones(4), np.asarray(0.0))
    assert (model.success, model.message) == (True, "not fitted")
