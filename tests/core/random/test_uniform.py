import jax
import numpy as np
import pytest
import scipy.stats
from asserts import assert_equal, values

import xdl

random = xdl.random


def test_numbers_are_those_of_jax(xp):
    key = random.key(11)
    expected = np.asarray(jax.random.uniform(jax.random.key(11), (4, 25), "float32"))
    assert_equal(random.uniform(key, (4, 25)), expected, like=xp.zeros(1, dtype=xp.float32))


def test_numbers_of_64_bits_are_those_of_jax(xp64):
    with jax.enable_x64(True):
        expected = np.asarray(jax.random.uniform(jax.random.key(11), (100,), "float64"))
    x = random.uniform(random.key(11), (100,), dtype=xp64.float64)
    assert_equal(x, expected, like=xp64.zeros(1, dtype=xp64.float64))


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no small floating-point numbers")
def test_small_dtypes_are_those_of_jax(xp):
    for name in ("float16", "bfloat16"):
        if hasattr(xp, name):
            expected = jax.random.uniform(jax.random.key(11), (100,), name).astype("float32")
            x = random.uniform(random.key(11), (100,), dtype=getattr(xp, name))
            assert x.dtype == getattr(xp, name)
            assert values(xp.astype(x, xp.float32)).tolist() == np.asarray(expected).tolist()


@pytest.mark.parametrize(
    ("low", "high"), [(-0.3, 0.7), (5.0, 5.5), (-1000.0, 0.001), (0.0, 1e-20), (-2.0, -1.0)]
)
def test_bounds_are_kept_and_the_interval_filled(low, high):
    n = 2000
    x = values(random.uniform(random.key(3), (n,), low=low, high=high)).astype(np.float64)
    assert np.all(x >= low)
    assert np.all(x < high)
    u = values(random.uniform(random.key(3), (n,))).astype(np.float64)
    np.testing.assert_allclose(x, low + u * (high - low), rtol=0, atol=2**-23 * max(abs(low), abs(high)))


def test_bounds_of_64_bits():
    x = values(random.uniform(random.key(3), (2000,), dtype=np.float64, low=-0.3, high=0.7))
    u = values(random.uniform(random.key(3), (2000,), dtype=np.float64))
    np.testing.assert_allclose(x, u - 0.3, rtol=0, atol=3e-16)


def test_greatest_number_is_below_the_bound():
    """Words of all ones, where the sum of a rounding implementation is the upper bound."""
    from xdl.core.random._uniform import uniform_of

    ones = np.asarray([0xFFFFFFFF], dtype=np.uint32)
    for high in (0.7, 1.0, 3.3):
        places = 24 - np.frexp(high)[1]
        width = int(np.ceil(np.ldexp(high, places)))
        x = uniform_of(ones, ones, 0 * ones, np.float32, 0, width, int(places))
        assert high - 2e-7 * high < x[0] < high


def test_distribution():
    x = random.uniform(random.key(0), (100_000,))
    assert scipy.stats.kstest(x, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_own_generator(dtype):
    x = random.uniform(random.key(0), (50_000,), low=2.0, high=4.0, dtype=np.dtype(dtype), impl="native")
    assert x.dtype == dtype
    assert scipy.stats.kstest(x[:5000], scipy.stats.uniform(2, 2).cdf).pvalue > 1e-3


def test_mistakes_are_named(xp):
    key = random.key(0)
    with pytest.raises(ValueError, match="`low` must be less than `high`"):
        random.uniform(key, (3,), low=1.0, high=1.0)
    with pytest.raises(ValueError, match="`low` must be less than `high`"):
        random.uniform(key, (3,), low=float("nan"))
    with pytest.raises(ValueError, match="finite"):
        random.uniform(key, (3,), high=float("inf"))
    with pytest.raises(TypeError, match="Python numbers"):
        random.uniform(key, (3,), low=xp.zeros(3))
    with pytest.raises(TypeError, match="real floating"):
        random.uniform(key, (3,), dtype=xp.int32)
