import numpy as np
import scipy.stats
from asserts import values

import xdl

random = xdl.random


def test_exponential_numbers_are_quantiles_of_the_bits():
    key = random.key(8)
    w = values(random.bits(key, (5000,)))
    x = random.exponential(key, (5000,))
    assert x.dtype == np.float32
    exact = -np.log((w | 1) / 2**32)
    assert np.all(np.abs(values(x) - exact) < 6e-8 + 2**-24 * exact)


def test_gumbel_numbers_are_quantiles_of_the_bits():
    key = random.key(8)
    w = values(random.bits(key, (5000,)))
    x = random.gumbel(key, (5000,))
    assert x.dtype == np.float32
    exact = -np.log(-np.log((w + 0.5) / 2**32))
    assert np.all(np.abs(values(x) - exact) < 6e-8 + 2**-24 * np.abs(exact))


def test_distributions_of_64_bits():
    x = random.exponential(random.key(1), (20_000,), dtype=np.float64)
    y = random.gumbel(random.key(1), (20_000,), dtype=np.float64)
    assert x.dtype == y.dtype == np.float64
    assert scipy.stats.kstest(values(x), "expon").pvalue > 1e-3
    assert scipy.stats.kstest(values(y), "gumbel_r").pvalue > 1e-3


def test_tails():
    """The ends of the table: words of zeros, of ones, and in between."""
    from xdl.core.random._exponential import exponential_of, gumbel_of

    w = np.asarray([0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], dtype=np.uint32)
    u = (w + 0.5) / 2**32
    np.testing.assert_allclose(
        gumbel_of(w, w, 0 * w, np.float32), -np.log(-np.log1p(u - 1)), rtol=1e-7, atol=6e-8
    )
    np.testing.assert_allclose(
        exponential_of(w, w, 0 * w, np.float32), -np.log((w | 1) / 2**32), atol=6e-8, rtol=1e-7
    )
