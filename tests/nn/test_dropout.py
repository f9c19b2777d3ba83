import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values

import xdl
from xdl import nn


def test_entries_are_dropped_or_scaled(xp):
    key = xdl.random.key(0)
    x = xp.asarray(np.linspace(1, 2, 4000).reshape(40, 100), dtype=xp.float32)
    y = also_jit(lambda x, key: nn.dropout(x, key, rate=0.25), x, key)
    kept = values(y) != 0
    assert_close(y, np.where(kept, values(x) / 0.75, 0), like=x)
    # 4 standard deviations of a binomial proportion
    assert abs(kept.mean() - 0.75) < 4 * math.sqrt(0.25 * 0.75 / 4000)


def test_the_same_key_drops_the_same_entries_everywhere(xp):
    with xdl.use_backend("numpy"):
        expected = nn.dropout(np.ones((7, 9), dtype=np.float32), xdl.random.key(3), rate=0.5)
    found = nn.dropout(xp.ones((7, 9), dtype=xp.float32), xdl.random.key(3), rate=0.5)
    assert_equal(found, expected, like=found)
    other = nn.dropout(xp.ones((7, 9), dtype=xp.float32), xdl.random.key(4), rate=0.5)
    assert np.any(values(other) != values(found))


def test_rates_zero_and_one_are_exact(xp):
    x = xp.asarray([1.0, math.inf, math.nan], dtype=xp.float32)
    key = xdl.random.key(0)
    assert nn.dropout(x, key, rate=0.0) is x
    assert_equal(nn.dropout(x, key, rate=1.0), [0.0, 0.0, 0.0], like=x)
    for engine in (None, "tape"):
        slopes = xdl.grad(lambda x: xdl.array_namespace(x).sum(nn.dropout(x, key, rate=1.0)), engine=engine)
        assert_equal(slopes(x), [0.0, 0.0, 0.0], like=x)


def test_a_dropped_infinity_is_zero(xp):
    """A mask that multiplies would give 0 * inf = NaN, forward or backward."""
    x = xp.full((64,), math.inf, dtype=xp.float32)
    key = xdl.random.key(0)
    for engine in (None, "tape"):
        y, pullback = xdl.vjp(lambda x: nn.dropout(x, key, rate=0.5), x, engine=engine)
        assert set(values(y)) == {0.0, math.inf}
        assert_equal(pullback(x)[0], values(y), like=x)


def test_gradients_pass_where_entries_do(xp):
    x = xp.asarray(np.linspace(1, 2, 30), dtype=xp.float32)
    key = xdl.random.key(5)
    y = nn.dropout(x, key, rate=0.4)
    for engine in (None, "tape"):
        slope = xdl.grad(
            lambda x: xdl.array_namespace(x).sum(nn.dropout(x * x, key, rate=0.4)), engine=engine
        )
        assert_close(slope(x), 2 * values(y), like=x)
        bend = xdl.grad(lambda x, slope=slope: xdl.array_namespace(x).sum(slope(x)), engine=engine)
        assert_close(bend(x), 2 * values(y) / values(x), like=x)


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_a_rate_is_a_probability(xp, rate):
    with pytest.raises(ValueError, match=r"`rate` must be in \[0, 1\]"):
        nn.dropout(xp.ones(3), xdl.random.key(0), rate=rate)
    with pytest.raises(ValueError, match="`rate`"):
        nn.Dropout(rate)


def kept(y):
    return values(y) != 0


def test_the_mask_is_that_of_bernoulli(xp):
    """Below and above the size from which NumPy has a compiled loop."""
    key = xdl.random.key(7)
    for n in (1000, 300_001):
        y = nn.dropout(xp.ones((n,), dtype=xp.float32), key, rate=0.3)
        assert_equal(xp.asarray(kept(y)), xdl.random.bernoulli(key, 0.7, (n,)))


@pytest.mark.parametrize("axis", [(1, 2), 1, -1, (0, 3), (0, 1, 2, 3)])
def test_entries_along_an_axis_are_dropped_together(xp, axis):
    key, x = xdl.random.key(2), xp.ones((4, 3, 5, 6), dtype=xp.float32)
    y = also_jit(lambda x, key: nn.dropout(x, key, rate=0.5, axis=axis), x, key)
    mask = kept(y)
    together = tuple(i % 4 for i in ((axis,) if isinstance(axis, int) else axis))
    first = mask[tuple(slice(0, 1) if i in together else slice(None) for i in range(4))]
    assert np.array_equal(mask, np.broadcast_to(first, mask.shape))
    assert 0 < first.mean() < 1 or first.size == 1
    for engine in (None, "tape"):
        slope = xdl.grad(
            lambda x: xdl.array_namespace(x).sum(nn.dropout(x, key, rate=0.5, axis=axis)), engine=engine
        )
        assert_equal(slope(x), y)


def test_drop_path_drops_examples(xp):
    key, x = xdl.random.key(1), xp.ones((64, 3, 2), dtype=xp.float32)
    y = values(nn.drop_path(x, key, rate=0.25))
    assert set(y[:, 0, 0]) == {0.0, np.float32(1 / 0.75)}
    assert np.all(y == y[:, :1, :1])


def test_alpha_dropout_keeps_mean_and_variance(xp):
    """Of a standard normal variable; dropped entries have the value that Klambauer et al. (2017) give."""
    key = xdl.random.key(3)
    x = xdl.random.normal(xdl.random.key(4), (200_000,), dtype=xp.float32)
    for rate in (0.1, 0.5):
        y = values(also_jit(lambda x, key, rate=rate: nn.alpha_dropout(x, key, rate=rate), x, key))
        alpha, q = -1.7580993408473766, 1 - rate
        a = (q + alpha**2 * q * (1 - q)) ** -0.5
        b = -a * (1 - q) * alpha
        mask = values(xdl.random.bernoulli(key, q, (200_000,)))
        np.testing.assert_allclose(y, np.where(mask, a * values(x) + b, a * alpha + b), rtol=1e-4, atol=1e-6)
        # 5 standard deviations; those of the variance of a mixture are at most twice those of a normal's
        assert abs(y.mean()) < 5 / math.sqrt(200_000)
        assert abs(y.var() - 1) < 10 * math.sqrt(2 / 200_000)


@pytest.mark.xp_only("torch", reason="PyTorch's own numbers")
def test_alpha_dropout_has_the_values_of_torch(xp):
    import torch

    x = xp.linspace(-2.0, 2.0, 1000, dtype=xp.float32)
    theirs = torch.nn.functional.alpha_dropout(torch.zeros(1000), 0.3, training=True)
    ours = nn.alpha_dropout(torch.zeros(1000), xdl.random.key(0), rate=0.3)
    np.testing.assert_allclose(np.unique(values(ours)), np.unique(values(theirs)), rtol=1e-5)
    assert float(torch.nn.functional.alpha_dropout(x, 1.0, training=True).abs().max()) == 0


def test_alpha_dropout_at_rates_zero_and_one(xp):
    x, key = xp.asarray([1.0, math.inf, math.nan], dtype=xp.float32), xdl.random.key(0)
    assert nn.alpha_dropout(x, key, rate=0.0) is x
    for engine in (None, "tape"):
        y, pullback = xdl.vjp(lambda x: nn.alpha_dropout(x, key, rate=1.0), x, engine=engine)
        assert_equal(y, [0.0, 0.0, 0.0], like=x)
        assert_equal(pullback(x)[0], [0.0, 0.0, 0.0], like=x)


def test_derivative_of_alpha_dropout(xp):
    x, key = xp.asarray(np.linspace(-1, 1, 50), dtype=xp.float32), xdl.random.key(0)
    mask = values(xdl.random.bernoulli(key, 0.5, (50,)))
    a = (0.5 + 1.7580993408473766**2 * 0.25) ** -0.5
    for engine in (None, "tape"):
        slope = xdl.grad(
            lambda x: xdl.array_namespace(x).sum(nn.alpha_dropout(x, key, rate=0.5)), engine=engine
        )(x)
        assert_close(slope, np.where(mask, a, 0.0), like=x)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="other libraries have no generator of their own")
@pytest.mark.parametrize("rate", [0.25, 0.3])
def test_entries_drawn_by_the_library_itself(xp, rate):
    key, x = xdl.random.key(0), xp.ones((40_000,), dtype=xp.float32)
    y = nn.dropout(x, key, rate=rate, impl="native")
    assert abs(kept(y).mean() - (1 - rate)) < 5 * math.sqrt(rate * (1 - rate) / 40_000)
    assert_equal(nn.dropout(x, key, rate=rate, impl="native"), y)
    with pytest.raises(ValueError, match="`impl`"):
        nn.dropout(x, key, rate=rate, impl="fast")


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision(xp):
    x, key = xp.full((1000,), 2.0, dtype=xp.float16), xdl.random.key(0)
    assert_equal(nn.dropout(x, key, rate=0.5), np.where(kept(nn.dropout(x, key, rate=0.5)), 4.0, 0.0), like=x)
    assert nn.alpha_dropout(x, key, rate=0.5).dtype == x.dtype


def test_empty_and_bad_axes(xp):
    key, x = xdl.random.key(0), xp.ones((0, 3), dtype=xp.float32)
    for f in (nn.dropout, nn.drop_path, nn.alpha_dropout):
        assert f(x, key, rate=0.5).shape == (0, 3)
    with pytest.raises(ValueError, match="axis"):
        nn.dropout(x, key, rate=0.5, axis=2)
