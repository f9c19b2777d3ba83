import mpmath as mp
import numpy as np
import pytest
import scipy.special
import scipy.stats
from asserts import assert_equal, values

import xdl
from xdl.core.random._normal import normal64, normal_of, truncated_of
from xdl.core.random._quantiles import polynomial32

random = xdl.random


def test_numbers_are_the_quantiles_of_the_bits():
    """float32 has 24 digits: half a unit of the last, and the 1.3e-8 of the polynomial."""
    key = random.key(8)
    w = values(random.bits(key, (5000,))).astype(np.float64)
    x = random.normal(key, (5000,))
    assert x.dtype == np.float32
    exact = scipy.special.ndtri((w + 0.5) / 2**32)
    assert np.all(np.abs(values(x) - exact) < 1.3e-8 + 2**-24 * np.maximum(np.abs(exact), 2**-20))


def test_error_of_the_polynomials():
    """All octaves of the tail, both ends, against SciPy's function in double precision."""
    random_words = np.random.default_rng(0).integers(0, 2**32, (32, 2000), dtype=np.uint32)
    words = random_words >> np.arange(32, dtype=np.uint32)[:, None]
    v = np.concatenate(
        [words.ravel(), np.arange(2000, dtype=np.uint32), 2**32 - 1 - np.arange(2000, dtype=np.uint32)]
    )
    v |= np.uint32(1)
    y = polynomial32(v, v, name="normal32") * 2.0**-28
    assert np.max(np.abs(y + scipy.special.ndtri(v / 2**33))) < 1.2e-8


def test_error_in_64_bits():
    """To all 64 octaves, in high precision: one Newton step gives the distance to the quantile."""
    rng = np.random.default_rng(1)
    p = [int(x) >> i for i in range(64) for x in rng.integers(0, 2**64, 8, dtype=np.uint64)]
    p += [2**64 - 1 - n for n in p]
    high = np.asarray([n >> 32 for n in p], dtype=np.uint32)
    low = np.asarray([n & 0xFFFFFFFF for n in p], dtype=np.uint32)
    worst = 0
    with mp.workdps(40):
        for n, x in zip(p, normal64(high, high, low), strict=True):
            n, x = (n, x) if x < 0 else (2**64 - 1 - n, -x)
            tail = mp.erfc(-mp.mpf(float(x)) / mp.sqrt(2)) / 2
            worst = max(worst, abs(tail - (n + mp.mpf(0.5)) / 2**64) / mp.npdf(float(x)))
    assert worst < 7e-15


def test_tails_and_symmetry():
    ones, zeros = np.asarray([0xFFFFFFFF], dtype=np.uint32), np.zeros(1, dtype=np.uint32)
    for dtype, largest in ((np.float32, 6.33796), (np.float64, 9.15529)):
        top, bottom = normal_of(ones, ones, 0 * ones if dtype == np.float32 else ones, dtype), None
        bottom = normal_of(zeros, zeros, zeros, dtype)
        assert top[0] == -bottom[0]
        assert abs(top[0] - largest) < 1e-4


def test_distribution():
    x = random.normal(random.key(1), (400_000,))
    assert scipy.stats.kstest(x, "norm").pvalue > 1e-3
    x = x.astype(np.float64)
    n = len(x)
    assert abs(x.mean()) < 4 / n**0.5
    assert abs((x**2).mean() - 1) < 4 * (2 / n) ** 0.5
    assert abs((x**3).mean()) < 4 * (15 / n) ** 0.5
    assert abs((x**4).mean() - 3) < 4 * (96 / n) ** 0.5
    beyond = np.sum(np.abs(x) > 4) - n * 2 * scipy.special.ndtr(-4)
    assert abs(beyond) < 4 * (n * 2 * scipy.special.ndtr(-4)) ** 0.5


def test_distribution_in_64_bits():
    assert (
        scipy.stats.kstest(random.normal(random.key(2), (100_000,), dtype=np.float64), "norm").pvalue > 1e-3
    )


@pytest.mark.parametrize(("low", "high"), [(-2.0, 2.0), (1.0, 3.0), (-0.5, float("inf")), (-4.0, -3.0)])
def test_truncated_distribution(low, high):
    x = random.truncated_normal(random.key(5), (4000,), low=low, high=high)
    assert x.dtype == np.float32
    x = x.astype(np.float64)
    assert low <= x.min() < x.max() <= high
    assert scipy.stats.kstest(x, scipy.stats.truncnorm(low, high).cdf).pvalue > 1e-3


def test_bounds_of_truncated_numbers_are_never_passed():
    """Words of zeros and of ones: the bounds of the interval of words are rounded outwards."""
    w = np.asarray([0, 0xFFFFFFFF], dtype=np.uint32)
    below, above = (scipy.special.ndtr(x) * 2**32 for x in (-4.0, -3.5))
    first, width = int(below), int(np.ceil(above)) - int(below)
    x = truncated_of(w, w, 0 * w, np.float32, first, width, -4.0, -3.5, False)
    assert -4 == x[0] < x[1] <= -3.5
    assert truncated_of(w, w, 0 * w, np.float32, first, width, -4.0, -3.5, True).tolist() == (-x).tolist()


def test_truncated_distribution_in_64_bits():
    x = random.truncated_normal(random.key(5), (50_000,), low=0.5, high=4.0, dtype=np.float64)
    assert x.dtype == np.float64
    assert scipy.stats.kstest(x, scipy.stats.truncnorm(0.5, 4.0).cdf).pvalue > 1e-3


def test_untruncated_is_normal():
    x = random.truncated_normal(random.key(5), (1000,), low=-float("inf"), high=float("inf"))
    np.testing.assert_allclose(values(x), values(random.normal(random.key(5), (1000,))), rtol=0, atol=1e-5)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no small floating-point numbers")
def test_small_dtypes_are_rounded(xp):
    key = random.key(4)
    x = random.normal(key, (100,), dtype=xp.float16)
    assert_equal(x, xp.astype(random.normal(key, (100,)), xp.float16))


def test_own_generator(xp):
    key = random.key(4)
    x = random.normal(key, (20_000,), impl="native")
    assert x.dtype == xp.float32
    assert scipy.stats.kstest(values(x), "norm").pvalue > 1e-3
    assert_equal(x, random.normal(key, (20_000,), impl="native"))


def test_mistakes_are_named(xp):
    key = random.key(0)
    with pytest.raises(TypeError, match="real floating"):
        random.normal(key, (3,), dtype=xp.int32)
    with pytest.raises(ValueError, match="`low` must be less than `high`"):
        random.truncated_normal(key, (3,), low=2.0, high=-2.0)
    with pytest.raises(ValueError, match="probability"):
        random.truncated_normal(key, (3,), low=8.0, high=9.0)
