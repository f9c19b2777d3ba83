import functools

import jax
import numpy as np
import pytest
import sklearn.linear_model as sk
from asserts import assert_close, dtype_name, values, widest
from sklearn.datasets import load_breast_cancer

import xdl
from xdl import optim
from xdl.models import IRLS, LogisticRegression, Standardization, polynomial_features
from xdl.models.logistic_regression import cross_entropy, cross_entropy_hessian

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = (RNG.uniform(size=60) < 1 / (1 + np.exp(-X @ [1.0, -2, 0.5] - 0.3))).astype(float)
W = RNG.uniform(0.5, 2, size=60)


def arrays(xp, *parts):
    return [xp.asarray(part, dtype=widest(xp)) for part in parts]


@functools.cache
def cancer(*names):
    """Features of the Wisconsin data by their names, and 1 for malignant."""
    data = load_breast_cancer()
    names = names or tuple(data.feature_names)
    chosen = [list(data.feature_names).index(name) for name in names]
    return data.data[:, chosen], 1.0 - data.target


def theirs(C, **options):
    return sk.LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10, **options)


def close(model, expected, like, rtol):
    assert_close(model.coefficients, expected.coef_[0], like=like, rtol=rtol, atol=rtol)
    assert_close(model.intercept, np.ravel(expected.intercept_)[0], like=like, rtol=rtol, atol=rtol)


@pytest.mark.usefixtures("syncs")
def test_the_fit_is_that_of_scikit_learn(xp):
    x, y, w = arrays(xp, X, Y, W)
    single = values(x).dtype == np.float32
    expected = theirs(10 / W.sum()).fit(X, Y, sample_weight=W)
    model = LogisticRegression.fit(x, y, alpha=0.1, weights=w, gtol=1e-5 if single else 1e-9)
    assert model.success is True, model.message
    close(model, expected, x, 1e-3 if single else 1e-8)
    assert_close(model.predict_proba(x), expected.predict_proba(X), like=x, rtol=1e-3, atol=1e-4)
    assert values(model.predict(x)).tolist() == expected.predict(X).tolist()
    assert_close(model(x), expected.decision_function(X), like=x, rtol=1e-3, atol=1e-3)
    assert_close(model.odds(x), np.exp(expected.decision_function(X)), like=x, rtol=1e-2)


def test_without_intercept():
    model = LogisticRegression.fit(X, Y, alpha=0.1, fit_intercept=False, gtol=1e-9)
    expected = theirs(10 / 60, fit_intercept=False).fit(X, Y)
    assert_close(model.coefficients, expected.coef_[0], rtol=1e-8)
    assert model.intercept == 0


METHODS = [
    IRLS(),
    optim.BFGS(),
    optim.LBFGS(),
    optim.Newton(),
    optim.NewtonCG(),
    optim.TrustRegion(),
    optim.GradientDescent(),
    optim.Adam(0.05),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_every_minimizer_finds_the_same(method):
    model = LogisticRegression.fit(X, Y, alpha=0.01, method=method, gtol=1e-8, max_iterations=20_000)
    assert model.success, model.message
    close(model, theirs(100 / 60).fit(X, Y), X, 1e-5)


def test_rules_on_mini_batches():
    method = optim.Adam(lambda t: 0.1 / (1 + 0.02 * t))
    model = LogisticRegression.fit(X, Y, alpha=0.1, method=method, batch_size=16, max_iterations=300)
    close(model, theirs(10 / 60).fit(X, Y), X, 0.03)
    again = LogisticRegression.fit(X, Y, alpha=0.1, method=method, batch_size=16, max_iterations=300)
    assert_close(again.coefficients, model.coefficients, rtol=0, atol=0)


@pytest.mark.usefixtures("syncs")
@pytest.mark.parametrize("method", [None, optim.LBFGS()], ids=["IRLS", "LBFGS"])
def test_many_data_sets_at_once(xp64, method):
    """One of them separable, one NaN: they harm no other."""
    signs, bad = (X[:, 0] > 0) * 1.0, X.copy()
    bad[5, 1] = np.nan
    x, y, alpha = arrays(
        xp64, np.stack([X, X[::-1] * 2, X, bad]), np.stack([Y, Y, signs, Y]), [0.1, 0.3, 0, 0.1]
    )
    model = LogisticRegression.fit(x, y, alpha=alpha, method=method, gtol=1e-8)
    assert values(model.success).tolist() == [True, True, False, False]
    assert values(model.separated).tolist() == [False, False, True, False]
    assert np.all(np.isfinite(values(model.coefficients)))
    for k in range(2):
        one = LogisticRegression.fit(values(x)[k], values(y)[k], alpha=float(values(alpha)[k]), gtol=1e-8)
        rtol = 1e-9 if method is None else 1e-4
        assert_close(model.coefficients[k, ...], one.coefficients, like=x, rtol=rtol, atol=1e-9)
    assert model.predict_proba(x).shape == (4, 60, 2)


def test_derivatives_are_those_of_automatic_differentiation():
    Z, w, penalty = np.c_[np.ones(60), X], W / W.sum(), np.asarray([0, 0.1, 0.1, 0.1])
    theta = RNG.normal(size=4)
    value, grad = cross_entropy(theta, Z, Y, w, penalty)
    f = lambda theta: cross_entropy(theta, Z, Y, w, penalty)[0]
    assert_close(grad, xdl.grad(f)(theta), rtol=1e-10)
    assert_close(cross_entropy_hessian(theta, Z, Y, w, penalty), xdl.hessian(f)(theta), rtol=1e-8, atol=1e-12)
    p = 1 / (1 + np.exp(-Z @ theta))
    direct = -w @ (Y * np.log(p) + (1 - Y) * np.log1p(-p)) + 0.05 * theta[1:] @ theta[1:]
    assert value == pytest.approx(direct)


def test_logits_of_any_size_are_harmless():
    Z, w = np.asarray([[1.0], [-1.0]]), np.asarray([0.5, 0.5])
    for size in (1e2, 1e8, 1e300):
        value, grad = cross_entropy(np.asarray([size]), Z, np.asarray([1.0, 0.0]), w, np.zeros(1))
        assert 0 <= value < 1e-30
        assert np.all(np.isfinite(grad))
        value, _ = cross_entropy(np.asarray([size]), Z, np.asarray([0.0, 1.0]), w, np.zeros(1))
        assert value == pytest.approx(size)


def test_standard_errors_are_those_of_the_information():
    """The same as glm prints: by the Hessian of the log-likelihood, by automatic differentiation."""
    model = LogisticRegression.fit(X, Y, gtol=1e-10)
    Z, theta = np.c_[np.ones(60), X], np.r_[model.intercept, model.coefficients]
    loss = lambda theta: 60 * cross_entropy(theta, Z, Y, np.full(60, 1 / 60), np.zeros(4))[0]
    covariance = np.linalg.inv(xdl.hessian(loss)(theta))
    assert_close(model.covariance(X, Y), covariance, rtol=1e-8)
    table = model.table(X, Y)
    assert_close(table.standard_error, np.sqrt(np.diag(covariance)), rtol=1e-8)
    assert_close(table.statistic, theta / np.sqrt(np.diag(covariance)), rtol=1e-8)
    twice = model.standard_errors(X, Y, weights=np.full(60, 2.0))
    assert_close(twice, table.standard_error / 2**0.5, rtol=1e-10)


@pytest.mark.usefixtures("syncs")
def test_separated_classes_are_told_and_nothing_is_nan(xp):
    x, y = arrays(xp, X, (X @ [1.0, 2, 3] > 0.1) * 1.0)
    model = LogisticRegression.fit(x, y)
    assert model.success is False
    assert "give a penalty" in model.message
    for array in (model.coefficients, model.intercept, model.predict_proba(x), model.standard_errors(x, y)):
        assert np.all(np.isfinite(values(array)))
    assert values(model.predict(x)).tolist() == values(y).tolist()
    assert LogisticRegression.fit(x, y, alpha=0.01).success is True


def test_dependent_features_and_a_class_alone():
    double = np.c_[X, X[:, 0], np.ones(60)]
    model = LogisticRegression.fit(double, Y, gtol=1e-9)
    assert model.success
    assert_close(model(double), LogisticRegression.fit(X, Y, gtol=1e-9)(X), rtol=1e-6)
    alone = LogisticRegression.fit(X, np.zeros(60))
    assert not alone.success
    assert np.all(np.isfinite(alone.coefficients))
    assert np.all(alone.predict(X) == 0)


def test_bad_starts_are_recovered_by_shorter_steps():
    """From far away the weights vanish and plain scoring jumps to infinity; the value never grows here."""
    Z, args = np.c_[np.ones(60), X], (Y, np.full(60, 1 / 60), np.zeros(4))
    for seed in range(5):
        start = 20 * np.random.default_rng(seed).normal(size=4)
        result = optim.minimize(
            cross_entropy, start, (Z, *args), method=IRLS(), gradient=True, max_iterations=200
        )
        assert result.success
        assert_close(
            result.x, np.r_[(m := LogisticRegression.fit(X, Y)).intercept, m.coefficients], rtol=1e-3
        )


def test_a_fit_that_is_cut_short_says_so():
    model = LogisticRegression.fit(X, Y, max_iterations=2)
    assert not model.success
    assert "number of iterations" in model.message


def test_it_compiles_and_is_one_program():
    with jax.enable_x64(True):
        x, y = jax.numpy.asarray(X), jax.numpy.asarray(Y)

        def f(x, y, a):
            model = LogisticRegression.fit(x, y, alpha=a)
            return model.coefficients, model.result.status

        found, status = jax.jit(f)(x, y, jax.numpy.asarray(0.1))
        assert_close(found, LogisticRegression.fit(X, Y, alpha=0.1).coefficients, like=x, rtol=1e-6)
        assert int(status) == optim.Status.CONVERGED


@pytest.mark.xp_only("numpy", "torch", reason="each dtype is a program of its own elsewhere")
def test_float32_stays_float32(xp):
    x, y = (xp.asarray(v, dtype=xp.float32) for v in (X, Y))
    model = LogisticRegression.fit(x, y, alpha=0.01, gtol=1e-5)
    assert model.success
    leaves = (model.coefficients, model.intercept, model.result.value)
    assert {dtype_name(leaf) for leaf in leaves} == {"float32"}


def test_thresholds_and_boundaries():
    model = LogisticRegression(np.asarray([1.0, 2.0]), np.asarray(-1.0))
    assert model.message == "not fitted"
    x1 = np.asarray([0.0, 3.0])
    x2 = model.boundary(x1)
    assert_close(model(np.stack([x1, x2], axis=-1)), np.zeros(2), atol=1e-12)
    points = np.asarray([[0.0, 0.0], [1.0, 0.5], [3.0, 3.0]])
    assert model.predict(points).tolist() == [0, 1, 1]
    assert model.predict(points, threshold=0.9).tolist() == [0, 0, 1]
    with pytest.raises(ValueError, match="2 features"):
        LogisticRegression(np.ones(3), np.asarray(0.0)).boundary(x1)


@pytest.mark.parametrize("method", [None, optim.LBFGS()], ids=["IRLS", "LBFGS"])
def test_gradient_of_the_solution_by_the_penalty_and_the_features(method):
    """Through the solver, by the implicit function theorem: equal to finite differences."""
    options = {"method": method, "gtol": 1e-11, "max_iterations": 1000}
    validation = RNG.normal(size=(20, 3)), (RNG.uniform(size=20) > 0.5) * 1.0

    def held_out(alpha, X):
        model = LogisticRegression.fit(X, Y, alpha=alpha, **options)
        x, y = validation
        z = model(x)
        xp = xdl.array_namespace(z)
        return xp.mean(xp.log1p(xp.exp(z)) - y * z)

    alpha, step, direction = np.asarray(0.1), 1e-5, RNG.normal(size=X.shape)
    by_alpha, by_X = xdl.grad(held_out, argnums=(0, 1))(alpha, X)
    difference = (held_out(alpha + step, X) - held_out(alpha - step, X)) / (2 * step)
    assert by_alpha == pytest.approx(difference, rel=1e-5)
    difference = (held_out(alpha, X + step * direction) - held_out(alpha, X - step * direction)) / (2 * step)
    assert np.vdot(by_X, direction) == pytest.approx(difference, rel=1e-5)


def test_wrong_labels_are_refused():
    with pytest.raises(ValueError, match=r"numbers in \[0, 1\], got values from -1 to 1"):
        LogisticRegression.fit(X, 2 * Y - 1)
    with pytest.raises(ValueError, match="`batch_size`"):
        LogisticRegression.fit(X, Y, batch_size=3)


def test_a_compiled_fit_looks_at_the_data_too():
    """In the same program: labels are refused, and what is not finite is told, as elsewhere."""
    with jax.enable_x64(True):
        x, y = jax.numpy.asarray(X), jax.numpy.asarray(Y)
        with pytest.raises(ValueError, match=r"numbers in \[0, 1\], got values from 0 to 2"):
            LogisticRegression.fit(x, 2 * y, alpha=0.1)
        bad = X.copy()
        bad[3, 1] = np.nan
        model = LogisticRegression.fit(jax.numpy.asarray(bad), y, alpha=0.1)
        expected = LogisticRegression.fit(np.nan_to_num(bad), Y, alpha=0.1)
    assert int(model.result.status) == optim.Status.NOT_FINITE
    assert_close(model.coefficients, expected.coefficients, like=x, rtol=1e-6)


def test_derivative_by_the_penalty_alone_on_the_tape():
    with jax.enable_x64(True):
        x, y = jax.numpy.asarray(X), jax.numpy.asarray(Y)
        found = xdl.grad(lambda a: _total(x, y, a), engine="tape")(jax.numpy.asarray(0.1))
    assert_close(found, xdl.grad(lambda a: _total(X, Y, a))(np.asarray(0.1)), like=x, rtol=1e-6)


def _total(x, y, alpha):
    w = LogisticRegression.fit(x, y, alpha=alpha, gtol=1e-9).coefficients
    return xdl.array_namespace(w).sum(w)


# ---- the book ----


def test_one_feature_of_the_tumors():
    """Figure 2.4: malignant on smoothness_worst, all 569 rows."""
    x, y = cancer("worst smoothness")
    model = LogisticRegression.fit(x, y, gtol=1e-10)
    assert model.intercept == pytest.approx(-6.73947697, abs=2e-7)
    assert model.coefficients[0] == pytest.approx(46.24395728, abs=2e-6)
    assert model.result.value == pytest.approx(0.56364231, abs=1e-8)


def test_glm_needs_eight_iterations_or_fewer():
    """Section 3.1: figures 3.1 and 3.2, area_mean and texture_mean, by Fisher scoring, which R says takes 8."""
    for names in (("mean area",), ("mean area", "mean texture")):
        x, y = cancer(*names)
        model = LogisticRegression.fit(x, y)
        assert model.success
        assert int(model.result.iterations) <= 8
        p = model.predict_proba(x)[:, 1]
        # the likelihood equations: the residuals are orthogonal to the features and the constant
        assert abs(np.sum(p - y)) < 1e-3
        assert np.all(np.abs((p - y) @ x) < 1e-6 * np.sum(np.abs(x)))


def test_boundary_of_two_features():
    """Figure 3.2: area_mean and texture_mean; the line b + w1 x1 + w2 x2 = 0 parts the predictions."""
    x, y = cancer("mean area", "mean texture")
    model = LogisticRegression.fit(x, y)
    above = x[:, 1] > model.boundary(x[:, 0])
    assert np.all(model.predict(x) == above)
    assert np.mean(above == y) > 0.88


SIX = np.asarray([[-3.0], [-2], [-1], [1], [2], [3]]), np.asarray([1.0, 0, 0, 1, 1, 0])


def test_six_points_tell_nothing():
    """Figure 3.4: the cross-entropy of X = (-3, -2, -1, 1, 2, 3), y = (1, 0, 0, 1, 1, 0) is least at (0, 0): ln 2."""
    model = LogisticRegression.fit(*SIX)
    assert model.result.value == pytest.approx(np.log(2), abs=1e-12)
    assert abs(model.intercept) < 1e-12
    assert abs(model.coefficients[0]) < 1e-12


def test_descent_on_standardized_features():
    """Figure 3.5: ten features, standardized, theta_0 = 0.1, rate 15; then weights for features as they are."""
    names = [n for n in load_breast_cancer().feature_names if n.startswith("mean ")]
    x, y = cancer(*names)
    standard = Standardization.fit(x)
    Z = np.c_[np.ones(569), standard(x)]
    theta, losses = np.full(11, 0.1), []
    for _ in range(40):
        value, grad = cross_entropy(theta, Z, y, np.full(569, 1 / 569), np.zeros(11))
        theta = theta - 15.0 * grad
        losses.append(value)
    by_rule = optim.minimize(
        cross_entropy,
        np.full(11, 0.1),
        (Z, y, np.full(569, 1 / 569), np.zeros(11)),
        method=optim.SGD(15.0),
        gradient=True,
        gtol=0,
        max_iterations=40,
        record=True,
    )
    assert by_rule.iterations == 40
    assert losses[-1] < 0.2 < losses[0]
    best = LogisticRegression.fit(standard(x), y)
    assert best.success
    assert losses[-1] > best.result.value
    raw = standard.undo(best)
    assert_close(raw(x), best(standard(x)), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("degree", [1, 2, 4, 8])
def test_polynomial_features_bend_the_boundary(degree):
    """Figure 3.9: points on two spirals, by all products up to degree 1, 2, 4, 8."""
    rng = np.random.default_rng(3)
    t = rng.uniform(0.3, 1, size=200) * 2 * np.pi
    label = (np.arange(200) % 2).astype(float)
    angle = 1.5 * t + np.pi * label
    points = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=-1) / (2 * np.pi)
    features = polynomial_features(points, degree)
    model = LogisticRegression.fit(features, label, alpha=1e-7, max_iterations=200)
    assert model.success, model.message
    accuracy = np.mean(model.predict(features) == label)
    assert accuracy < 0.6 if degree <= 2 else accuracy > 0.95
