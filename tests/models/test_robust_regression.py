import numpy as np
import pytest
import sklearn.linear_model as sk
from asserts import assert_close, values, widest

import xdl
from xdl import optim
from xdl.models import HuberRegression, LeastAbsoluteDeviations, LinearRegression
from xdl.models.robust_regression import huber_error

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3)) * [1, 2, 3]
Y = X @ [1.0, -2, 0.5] + 4 + RNG.standard_t(2, size=40)
W = RNG.uniform(0.5, 2, size=40)


@pytest.mark.usefixtures("syncs")
def test_huber_is_that_of_scikit_learn_at_its_scale(xp):
    """HuberRegressor estimates a scale; given it, the coefficients minimize Huber's loss with delta = epsilon scale."""
    expected = sk.HuberRegressor(epsilon=1.35, alpha=0, tol=1e-12, max_iter=10_000).fit(X, Y, sample_weight=W)
    x, y, w = (xp.asarray(v, dtype=widest(xp)) for v in (X, Y, W))
    model = HuberRegression.fit(x, y, delta=1.35 * float(expected.scale_), weights=w)
    assert model.success is True, model.message
    assert_close(model.coefficients, expected.coef_, like=x, rtol=1e-4)
    assert_close(model.intercept, expected.intercept_, like=x, rtol=1e-4)


METHODS = [optim.BFGS(), optim.LBFGS(), optim.Newton(), optim.GradientDescent()]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_minimizers_find_the_same(method):
    best = HuberRegression.fit(X, Y, delta=0.7, alpha=0.01, gtol=1e-10)
    model = HuberRegression.fit(X, Y, delta=0.7, alpha=0.01, method=method, gtol=1e-7, max_iterations=2000)
    assert model.success, model.message
    assert_close(model.coefficients, best.coefficients, rtol=1e-4)


def test_the_loss_of_the_book():
    """Figure 2.6: u²/2 for |u| < delta, else delta (|u| - delta/2), and its gradient."""
    u = np.asarray([-3.0, -0.5, 0.2, 1.0, 4.0])
    for delta in (0.3, 1.0):
        each = np.where(np.abs(u) < delta, u**2 / 2, delta * (np.abs(u) - delta / 2))
        args = np.zeros((5, 1)), u, np.full(5, 0.2), np.zeros(1), np.asarray(delta)
        assert huber_error(np.zeros(1), *args)[0] == pytest.approx(each.mean())
    args = X, Y, np.full(40, 1 / 40), np.full(3, 0.1), np.asarray(1.0)
    theta = RNG.normal(size=3)
    grad = xdl.grad(lambda theta: huber_error(theta, *args)[0])(theta)
    assert_close(huber_error(theta, *args)[1], grad, rtol=1e-9)


def test_a_wide_bound_is_least_squares():
    model = HuberRegression.fit(X, Y, delta=1e6, gtol=1e-9)
    assert_close(model.coefficients, LinearRegression.fit(X, Y).coefficients, rtol=1e-8)


@pytest.mark.usefixtures("syncs")
@pytest.mark.parametrize("delta", [1e-3, 0.5])
def test_many_data_sets_at_once(xp64, delta):
    x, y = xp64.asarray(np.stack([X, X[::-1]])), xp64.asarray(np.stack([Y, Y]))
    model = HuberRegression.fit(x, y, delta=delta, gtol=1e-9)
    assert values(model.success).tolist() == [True, True]
    for k in range(2):
        one = HuberRegression.fit(values(x)[k], Y, delta=delta, gtol=1e-9)
        assert_close(model.coefficients[k, ...], one.coefficients, like=x, rtol=1e-5, atol=1e-7)


def test_an_outlier_has_a_bounded_influence():
    y = X @ [1.0, -2, 0.5] + 4
    far = y.copy()
    far[0] = 1e6
    model = HuberRegression.fit(X, far, delta=0.01)
    assert_close(model.coefficients, np.asarray([1.0, -2, 0.5]), rtol=1e-2)
    assert np.abs(LinearRegression.fit(X, far).coefficients).max() > 100


@pytest.mark.usefixtures("syncs")
def test_least_absolute_deviations_are_those_of_a_linear_program(xp64):
    expected = sk.QuantileRegressor(quantile=0.5, alpha=0).fit(X, Y)
    model = LeastAbsoluteDeviations.fit(xp64.asarray(X), xp64.asarray(Y))
    assert model.success is True, model.message
    assert_close(model.coefficients, expected.coef_, like=xp64.asarray(X), rtol=1e-4, atol=1e-4)
    found, least = (np.mean(np.abs(Y - p)) for p in (values(model(xp64.asarray(X))), expected.predict(X)))
    assert least - 1e-9 <= found <= least + 1e-5


def test_the_median_is_the_model_without_features():
    y = np.asarray([1.0, 2.0, 30.0, 4.0, 7.0])
    model = LeastAbsoluteDeviations.fit(np.zeros((5, 0)), y)
    assert model.intercept == pytest.approx(4.0, abs=1e-4)


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="`delta`"):
        HuberRegression.fit(X, Y, delta=0.0)
    with pytest.raises(ValueError, match="`smoothing`"):
        LeastAbsoluteDeviations.fit(X, Y, smoothing=2.0)
