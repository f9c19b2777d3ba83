import jax
import numpy as np
import pytest
import sklearn.linear_model as sk
from asserts import assert_close, values, widest
from sklearn.datasets import load_iris

import xdl
from xdl import nn, optim
from xdl.models import LogisticRegression, SoftmaxRegression
from xdl.models.softmax_regression import softmax_entropy, softmax_entropy_hessian

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.argmax(X @ RNG.normal(size=(3, 4)) + RNG.gumbel(size=(60, 4)), axis=-1)
W = RNG.uniform(0.5, 2, size=60)


@pytest.mark.usefixtures("syncs")
def test_the_fit_is_that_of_scikit_learn(xp):
    x, y, w = xp.asarray(X, dtype=widest(xp)), xp.asarray(Y), xp.asarray(W, dtype=widest(xp))
    expected = sk.LogisticRegression(C=10 / W.sum(), solver="newton-cg", tol=1e-12, max_iter=10_000)
    expected = expected.fit(X, Y, sample_weight=W)
    wide = values(x).dtype == np.float64
    model = SoftmaxRegression.fit(x, y, n_classes=4, alpha=0.1, weights=w, gtol=1e-9 if wide else 1e-5)
    assert model.success is True, model.message
    tolerances = {"rtol": 1e-5, "atol": 1e-5} if wide else {"rtol": 1e-2, "atol": 1e-2}
    assert_close(model.coefficients, expected.coef_, like=x, **tolerances)
    assert_close(model.intercept, expected.intercept_, like=x, **tolerances)
    assert_close(model.predict_proba(x), expected.predict_proba(X), like=x, rtol=1e-2, atol=1e-3)
    assert values(model.predict(x)).tolist() == expected.predict(X).tolist()
    assert_close(model(x), model.decision_function(x))


def test_both_parametrizations_are_one_model():
    full = SoftmaxRegression.fit(X, Y, n_classes=4, gtol=1e-9)
    against = SoftmaxRegression.fit(X, Y, n_classes=4, gtol=1e-9, reference=True)
    assert_close(full.predict_proba(X), against.predict_proba(X), rtol=1e-6)
    assert np.all(against.coefficients[0] == 0)
    assert_close(full.coefficients - full.coefficients[:1], against.coefficients, rtol=1e-5, atol=1e-7)
    assert_close(full.coefficients.sum(0), np.zeros(3), atol=1e-10)


METHODS = [optim.BFGS(), optim.LBFGS(), optim.Newton(), optim.NewtonCG(), optim.GradientDescent()]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_every_minimizer_finds_the_same(method):
    best = SoftmaxRegression.fit(X, Y, n_classes=4, alpha=0.01, gtol=1e-9)
    model = SoftmaxRegression.fit(X, Y, alpha=0.01, method=method, gtol=1e-7, max_iterations=20_000)
    assert model.success, model.message
    assert_close(model.coefficients, best.coefficients, rtol=1e-3, atol=1e-4)


def test_two_classes_are_logistic_regression():
    y = (Y > 1) * 1
    binary = LogisticRegression.fit(X, y, gtol=1e-9)
    model = SoftmaxRegression.fit(X, y, n_classes=2, reference=True, gtol=1e-9)
    assert_close(model.coefficients[1], binary.coefficients, rtol=1e-7)
    assert_close(model.intercept[1], binary.intercept, rtol=1e-7)
    assert_close(model.covariance(X, y), binary.covariance(X, y), rtol=1e-6)


@pytest.mark.parametrize("rows", [3, 4])
def test_derivatives_are_those_of_automatic_differentiation(rows):
    Z, one_hot = np.c_[np.ones(60), X], np.eye(4)[Y]
    args = Z, one_hot, W / W.sum(), np.asarray([0.0, 0.1, 0.2, 0.3])
    theta = RNG.normal(size=(rows, 4))
    f = lambda theta: softmax_entropy(theta, *args)[0]
    assert_close(softmax_entropy(theta, *args)[1], xdl.grad(f)(theta), rtol=1e-9, atol=1e-12)
    expected = xdl.hessian(f)(theta).reshape(rows * 4, rows * 4)
    assert_close(softmax_entropy_hessian(theta, *args), expected, rtol=1e-8, atol=1e-12)


def test_the_hessian_in_blocks_of_rows(monkeypatch):
    args = X, np.eye(4)[Y], W / W.sum(), np.zeros(3)
    theta = RNG.normal(size=(4, 3))
    whole = softmax_entropy_hessian(theta, *args)
    monkeypatch.setattr("xdl.models.softmax_regression.ENTRIES", 12 * 7)
    assert_close(softmax_entropy_hessian(theta, *args), whole)


@pytest.mark.usefixtures("syncs")
def test_many_data_sets_at_once(xp64):
    xs, ys = np.stack([X, X[::-1] * 2]), np.stack([Y, Y])
    x, y = xp64.asarray(xs), xp64.asarray(ys)
    model = SoftmaxRegression.fit(x, y, n_classes=4, alpha=0.05, gtol=1e-9)
    assert values(model.success).tolist() == [True, True]
    assert model.predict_proba(x).shape == (2, 60, 4)
    for k in range(2):
        one = SoftmaxRegression.fit(xs[k], ys[k], n_classes=4, alpha=0.05, gtol=1e-9)
        assert_close(model.coefficients[k, ...], one.coefficients, like=x, rtol=1e-8, atol=1e-10)


def test_it_compiles():
    with jax.enable_x64(True):
        f = jax.jit(lambda x, y: SoftmaxRegression.fit(x, y, n_classes=4, alpha=0.1).coefficients)
        found = f(jax.numpy.asarray(X), jax.numpy.asarray(Y))
        expected = SoftmaxRegression.fit(X, Y, alpha=0.1).coefficients
        assert_close(found, expected, like=found, rtol=1e-6)


def test_rules_on_mini_batches():
    best = SoftmaxRegression.fit(X, Y, alpha=0.1)
    method = optim.Adam(lambda t: 0.1 / (1 + 0.02 * t))
    model = SoftmaxRegression.fit(X, Y, alpha=0.1, method=method, batch_size=16, max_iterations=300)
    assert_close(model.predict_proba(X), best.predict_proba(X), atol=0.03, rtol=0)


def test_deviance_of_the_irises():
    """R: nnet::multinom(Species ~ ., iris) ends at a residual deviance of 11.89973, and so does statsmodels."""
    x, y = load_iris(return_X_y=True)
    model = SoftmaxRegression.fit(x, y, reference=True)
    assert 2 * 150 * model.result.value == pytest.approx(11.89973, abs=2e-3)
    table = model.table(x, y)
    assert table.estimate.shape == (2, 5)
    assert np.all(np.isfinite(table.standard_error))


@pytest.mark.usefixtures("syncs")
def test_separated_classes_are_told_and_nothing_is_nan(xp):
    x = xp.asarray(X, dtype=widest(xp))
    y = xp.asarray(np.argmax(X, axis=-1))
    model = SoftmaxRegression.fit(x, y, n_classes=3)
    assert model.success is False
    assert "give a penalty" in model.message
    assert np.all(np.isfinite(values(model.coefficients)))
    assert np.all(np.isfinite(values(model.predict_proba(x))))


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="`n_classes`"):
        SoftmaxRegression.fit(X, Y, n_classes=1)
    with pytest.raises(ValueError, match="labels 0, ..., 2"):
        SoftmaxRegression.fit(X, Y, n_classes=3)
    model = SoftmaxRegression.fit(X, Y, n_classes=4, alpha=0.1)
    with pytest.raises(ValueError, match="reference=True"):
        model.standard_errors(X, Y)
    assert SoftmaxRegression(np.ones((4, 3)), np.ones(4)).message == "not fitted"


# ---- the book ----


def test_softmax_and_its_jacobian():
    """(3.25): e^{z_k} / sum e^{z_j}, with the Jacobian diag(s) - s s'."""
    z = np.asarray([0.3, -1.0, 2.0])
    s = np.exp(z) / np.exp(z).sum()
    assert_close(nn.softmax(z), s)
    assert_close(xdl.jacobian(nn.softmax)(z), np.diag(s) - np.outer(s, s))


def test_four_classes_that_nearly_separate():
    """Figure 3.7's shape: with 17 points the coefficients diverge, while the loss and the accuracy have limits."""
    rng = np.random.default_rng(1)
    centers = np.asarray([[0.0, 0], [3, 0], [0, 3], [3, 3]])
    y = np.arange(17) % 4
    x = centers[y] + 0.5 * rng.normal(size=(17, 2))
    x[16] = x[:16][y[:16] == 3].mean(0)  # of class 0, in the middle of class 3
    short, long = (SoftmaxRegression.fit(x, y, gtol=gtol, max_iterations=300) for gtol in (1e-4, 1e-8))
    assert np.abs(long.coefficients).max() > np.abs(short.coefficients).max() > 3
    assert long.result.value == pytest.approx(short.result.value, abs=1e-3)
    assert np.mean(long.predict(x) == y) == pytest.approx(16 / 17)
