import contextlib
import itertools

import numpy as np
import pytest
import scipy.stats
from asserts import assert_equal, values

import xdl
from xdl.core.random._permutation import draw_order

random = xdl.random


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_permutation_has_every_integer_once(xp, n):
    order = random.permutation(random.key(1), n)
    assert order.dtype == xp.argsort(xp.asarray([1.0])).dtype
    assert sorted(values(order).tolist()) == list(range(n))


def test_order_sorts_the_random_words(xp64):
    key = random.key(1)
    words = random.bits(key, (500,), xp64.uint64)
    assert values(random.permutation(key, 500)).tolist() == np.argsort(values(words), stable=True).tolist()


def test_slices_of_an_array_stay_whole(xp):
    x = xp.reshape(xp.arange(12, dtype=xp.int32), (3, 4))
    key = random.key(6)
    for axis in (0, 1, -1):
        y = random.permutation(key, x, axis=axis)
        assert_equal(y, xp.take(x, random.permutation(key, x.shape[axis]), axis=axis))


def test_equal_words_keep_their_order(monkeypatch):
    """Ties are so rare in 64 bits that they are planted."""
    import xdl_numpy.random as methods

    tied = np.asarray([3, 1, 3, 1, 2] * 20, dtype=np.uint64)
    monkeypatch.setattr(methods, "draw", lambda *_, **__: tied)
    assert draw_order(random.key(0), count=100).tolist() == np.argsort(tied, stable=True).tolist()


@pytest.mark.xp_only(
    "numpy", "strict", "jax", reason="there the order is that of two words, not of one number"
)
def test_low_word_decides_among_equal_high_words(xp, monkeypatch):
    import xdl_jax.random as methods
    from xdl.core.random import _permutation as definitions

    high, low = np.asarray([[3, 1, 3, 1, 2] * 20, [7, 7, 5, 2**31 + 1, 0, 1] * 16 + [0] * 4], dtype=np.uint32)
    tied = lambda key, *, count: tuple(xdl.asarray(x, like=key) for x in (high, low))
    for module in (definitions, methods):
        monkeypatch.setattr(module, "words", tied)
    with xdl.portable() if "jax" not in xp.__name__ else contextlib.nullcontext():
        order = values(draw_order(random.key(0), count=100))
    if "jax" in xp.__name__:
        methods.jax.clear_caches()  # or the planted words stay in the compiled program, for tests to come
    assert order.tolist() == np.lexsort((low, high)).tolist()


def test_orders_are_equally_likely():
    keys = random.split(random.key(3), 6000)
    counts = dict.fromkeys(itertools.permutations(range(4)), 0)
    for key in keys:
        counts[tuple(random.permutation(key, 4).tolist())] += 1
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 1e-3


def test_mistakes_are_named(xp):
    key = random.key(0)
    with pytest.raises(ValueError, match="at least 0"):
        random.permutation(key, -1)
    with pytest.raises(TypeError, match="an integer or an array"):
        random.permutation(key, 2.5)
    with pytest.raises(ValueError, match="`axis`"):
        random.permutation(key, xp.ones((2, 3)), axis=2)
