import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import optim
from xdl.models.fitting import (
    by_mini_batches,
    centered,
    check_data,
    check_labels,
    design,
    finite_data,
    normalized_weights,
    penalty_array,
)
from xdl.models.matrices import product

RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(7, 3)), RNG.uniform(0.1, 1, size=7)


def test_design_has_ones_first(xp):
    x = xp.asarray(X, dtype=xp.float32)
    assert_equal(design(x, intercept=True), np.c_[np.ones(7), X].astype(np.float32), like=x)
    assert design(x, intercept=False) is x
    assert design(x[:, :0], intercept=True).shape == (7, 1)
    large = np.ones((2**14, 3))
    assert_equal(design(large, intercept=True), np.ones((2**14, 4)))


def test_weights_add_up_to_one(xp):
    y = xp.asarray(X[:, 0], dtype=xp.float32)
    assert_close(normalized_weights(None, y), np.full(7, 1 / 7), like=y)
    w = xp.asarray(W, dtype=xp.float32)
    assert_close(normalized_weights(w, y), W / W.sum(), like=y)


def test_an_intercept_pays_no_penalty(xp):
    x = xp.asarray(X, dtype=xp.float32)
    assert_equal(penalty_array(2.0, x, free=1), [0.0, 2.0, 2.0, 2.0], like=x)
    assert_equal(penalty_array(2.0, x), [2.0] * 3, like=x)
    many = xp.stack([x, x])
    each = xp.asarray([1.0, 3.0], dtype=xp.float32)
    assert_equal(penalty_array(each, many, free=1), [[0, 1, 1, 1], [0, 3, 3, 3]], like=x)


def test_centered_data_have_means_of_zero(xp):
    x, w = xp.asarray(X, dtype=xp.float32), xp.asarray(W / W.sum(), dtype=xp.float32)
    C, t, mean, level = centered(x, x[:, 0], w)
    assert_close(mean, np.average(X, axis=0, weights=W), like=x, rtol=1e-4, atol=1e-6)
    assert_close(product(xp.matrix_transpose(C), w), np.zeros(3), like=x, atol=1e-6)
    assert abs(float(values(xp.vecdot(w, t)))) < 1e-6
    assert_close(level, mean[0, ...])


@pytest.mark.usefixtures("syncs")
def test_what_is_not_finite_is_replaced_and_told(xp):
    bad = X.copy()
    bad[2, 1] = np.nan
    both = xp.asarray(np.stack([X, bad]), dtype=xp.float32)
    y = xp.asarray(np.stack([W, W]), dtype=xp.float32)
    found, t, _, finite = finite_data(both, y, y)
    assert values(finite).tolist() == [True, False]
    assert_equal(found[0, ...], X.astype(np.float32), like=y)
    assert_equal(found[1, ...], np.nan_to_num(bad).astype(np.float32), like=y)
    assert_equal(t, y)


def squares(theta, Z, y, weights):
    xp = xdl.array_namespace(theta)
    r = product(Z, theta) - y
    return 0.5 * xp.vecdot(weights * r, r), product(xp.matrix_transpose(Z), weights * r)


@pytest.mark.usefixtures("syncs")
def test_mini_batches_take_every_example_once_an_epoch(xp):
    """With plain gradient steps of a rate so small that order matters not, an epoch is a step on the sum."""
    Z, y = xp.asarray(X, dtype=xp.float32), xp.asarray(W, dtype=xp.float32)
    weights, theta = normalized_weights(None, y), xp.zeros_like(Z[0, :])
    options = {"epochs": 3, "key": None, "gtol": 0.0}
    result = by_mini_batches(squares, theta, (Z, y, weights), (), optim.SGD(1e-4), batch_size=3, **options)
    slopes = [(X[k : k + 1] * -W[k]).sum(0) for k in range(7)]
    assert int(values(result.iterations)) == 9
    assert values(result.status) == optim.Status.MAX_ITERATIONS
    # batches of 3, 3 and 1: an example of the last counts three times, whichever it is
    step = -values(result.x) / 1e-4 / 3
    mean = np.sum(slopes, axis=0) / 3
    assert np.all(np.abs(step - mean) <= np.abs(slopes).max(axis=0) * 0.7 + 1e-3)
    value, grad = squares(result.x, Z, y, weights)
    assert_close(result.value, value)
    assert_close(result.gradient, grad)


@pytest.mark.usefixtures("syncs")
def test_mini_batches_of_everything_are_gradient_descent(xp):
    Z, y = xp.asarray(X, dtype=xp.float32), xp.asarray(W, dtype=xp.float32)
    weights, theta = normalized_weights(None, y), xp.zeros_like(Z[0, :])
    options = {"batch_size": 7, "key": xdl.random.key(1, like=Z)}
    result = by_mini_batches(
        squares, theta, (Z, y, weights), (), optim.SGD(0.5), epochs=200, gtol=1e-5, **options
    )
    assert_close(result.x, np.linalg.lstsq(X, W, rcond=None)[0], like=Z, rtol=1e-3)
    assert values(result.status) == optim.Status.CONVERGED
    wild = by_mini_batches(
        squares, theta, (Z, y, weights), (), optim.SGD(1e3), epochs=200, gtol=1e-5, **options
    )
    assert np.all(np.isfinite(values(wild.x)))
    assert not wild.success


def test_wrong_data_are_refused(xp):
    x, y = xp.asarray(X, dtype=xp.float32), xp.asarray(W, dtype=xp.float32)
    for args, error, text in [
        ((x[:, 0], y), ValueError, r"expected `X` \(n, p\)"),
        (("x", y), ValueError, "got str"),
        ((xp.ones((3, 2), dtype=xp.int32), y), TypeError, "floating-point"),
        ((x[:0, :], y[:0]), ValueError, "at least one example"),
        ((x, y[:3]), ValueError, r"`y` must be an array of shape \(7,\)"),
        ((x, [1.0] * 7), ValueError, "got a list"),
        ((x, y, y[:2]), ValueError, "`weights` must be"),
    ]:
        with pytest.raises(error, match=text):
            check_data(*args)
    for alpha in (-1.0, "1", True, float("nan")):
        with pytest.raises(ValueError, match="`alpha` must be"):
            penalty_array(alpha, x)
    with pytest.raises(ValueError, match="`alpha` must be of shape"):
        penalty_array(y, x)


@pytest.mark.usefixtures("syncs")
def test_wrong_labels_are_refused(xp):
    y = xp.asarray([0.0, 1.0, 2.0], dtype=xp.float32)
    check_labels(y, 2)
    with pytest.raises(ValueError, match=r"values from 0 to 2"):
        check_labels(y, 1)
    with pytest.raises(ValueError, match="labels 0, ..., 2"):
        check_labels(y - 0.5, 2)
    check_labels(0.5 * y, 1, between=True)
    with pytest.raises(ValueError, match=r"numbers in \[0, 1\]"):
        check_labels(y - 1.0, 1, between=True)
