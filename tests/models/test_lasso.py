import jax
import numpy as np
import pytest
import sklearn.linear_model as sk
from asserts import assert_close, values, widest
from sklearn.datasets import load_diabetes

from xdl.models import ElasticNet, Lasso, LinearRegression

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6)) + 2
Y = X @ [3.0, 0, -2, 0, 0, 1] + RNG.normal(size=40) + 5
W = RNG.uniform(0.5, 2, size=40)


@pytest.mark.usefixtures("syncs")
@pytest.mark.parametrize("method", ["coordinate", "fista"])
def test_the_fit_is_that_of_scikit_learn(xp, method):
    x, y, w = (xp.asarray(v, dtype=widest(xp)) for v in (X, Y, W))
    expected = sk.ElasticNet(alpha=0.3, l1_ratio=0.7, tol=1e-12, max_iter=100_000).fit(X, Y, sample_weight=W)
    model = ElasticNet.fit(x, y, alpha=0.3, l1_ratio=0.7, weights=w, method=method)
    assert model.success is True
    wide = values(x).dtype == np.float64
    assert_close(
        model.coefficients, expected.coef_, like=x, rtol=1e-4 if wide else 1e-2, atol=1e-4 if wide else 1e-2
    )
    assert_close(model.intercept, expected.intercept_, like=x, rtol=1e-4 if wide else 1e-2)
    assert (values(model.coefficients) == 0).tolist() == (expected.coef_ == 0).tolist()


@pytest.mark.parametrize("alpha", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("intercept", [True, False])
def test_lasso_on_correlated_features(alpha, intercept):
    """scikit-learn's ten features of diabetes; coordinate descent ends on the face of the solution, exactly."""
    x, y = load_diabetes(return_X_y=True)
    expected = sk.Lasso(alpha=alpha, fit_intercept=intercept, tol=1e-14, max_iter=10**6).fit(20 * x, y)
    model = Lasso.fit(20 * x, y, alpha=alpha, fit_intercept=intercept)
    assert model.success
    assert_close(model.coefficients, expected.coef_, rtol=1e-6, atol=1e-7)
    assert (model.coefficients == 0).tolist() == (expected.coef_ == 0).tolist()


def test_no_absolute_values_are_ridge():
    for method in ("coordinate", "fista"):
        model = ElasticNet.fit(X, Y, alpha=0.5, l1_ratio=0.0, method=method, tol=1e-12)
        assert model.success
        assert_close(model.coefficients, LinearRegression.fit(X, Y, alpha=20.0).coefficients, rtol=1e-4)


@pytest.mark.usefixtures("syncs")
@pytest.mark.parametrize("method", ["coordinate", "fista"])
def test_many_data_sets_at_once(xp64, method):
    bad = X.copy()
    bad[3, 1] = np.nan
    x, y, alpha = (
        xp64.asarray(v) for v in (np.stack([X, X[::-1], bad]), np.stack([Y] * 3), np.asarray([0.1, 0.5, 0.1]))
    )
    model = Lasso.fit(x, y, alpha=alpha, method=method, tol=1e-7)
    assert values(model.success).tolist() == [True, True, False]
    assert np.all(np.isfinite(values(model.coefficients)))
    for k in range(2):
        one = Lasso.fit(values(x)[k], Y, alpha=float(values(alpha)[k]), method=method, tol=1e-7)
        assert_close(model.coefficients[k, ...], one.coefficients, like=x, rtol=1e-7, atol=1e-9)
        assert_close(model(x)[k, ...], one(values(x)[k]), like=x, rtol=1e-7)


def test_fista_compiles():
    with jax.enable_x64(True):
        x, y = jax.numpy.asarray(X), jax.numpy.asarray(Y)
        found = jax.jit(lambda x, y, a: Lasso.fit(x, y, alpha=a, method="fista").coefficients)(
            x, y, 0.3 + 0 * y[0]
        )
        assert_close(
            found, Lasso.fit(X, Y, alpha=0.3, method="fista").coefficients, like=x, rtol=1e-6, atol=1e-9
        )


def test_the_result_tells():
    model = Lasso.fit(X, Y, alpha=0.2)
    r = Y - model(X)
    assert model.result.value == pytest.approx(r @ r / 80 + 0.2 * np.abs(model.coefficients).sum())
    assert model.gap <= 1e-9 * Y.var() * 1.1
    short = Lasso.fit(X, Y, alpha=1e-3, max_iterations=1, method="fista")
    assert not short.success
    assert "iterations" in short.message


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="'coordinate', 'fista'"):
        Lasso.fit(X, Y, method="lars")
    with pytest.raises(ValueError, match="`l1_ratio`"):
        ElasticNet.fit(X, Y, l1_ratio=2.0)
    with pytest.raises(ValueError, match="LinearRegression"):
        Lasso.fit(X, Y, alpha=0.0)
    with pytest.raises(ValueError, match="`alpha`"):
        Lasso.fit(X, Y, alpha=-1.0)
