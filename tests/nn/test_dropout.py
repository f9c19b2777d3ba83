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
