import numpy as np
import pytest
import scipy.stats
from asserts import assert_equal, values

import xdl

random = xdl.random


def test_bernoulli_compares_the_bits(xp):
    key = random.key(9)
    w = values(random.bits(key, (3000,)))
    for p in (0.0, 1e-3, 1 - 2**-32, 1):
        mask = random.bernoulli(key, p, (3000,))
        assert mask.dtype == xp.bool
        assert values(mask).tolist() == (w < p * 2**32).tolist()


def test_bernoulli_is_false_where_the_word_is_the_threshold(xp):
    key = random.key(9)
    w = int(values(random.bits(key, (1,)))[0])
    assert not bool(values(random.bernoulli(key, w / 2**32, (1,)))[0])
    assert bool(values(random.bernoulli(key, (w + 1) / 2**32, (1,)))[0])


def test_bernoulli_takes_probabilities_in_an_array(xp):
    key = random.key(9)
    p = xp.asarray([[0.0, 0.25], [1.0, float("nan")]], dtype=xp.float32)
    mask = values(random.bernoulli(key, p, (500, 2, 2)))
    assert not mask[:, 0, 0].any()
    assert mask[:, 1, 0].all()
    assert not mask[:, 1, 1].any()
    assert mask[:, 0, 1].tolist() == values(random.bernoulli(key, 0.25, (500, 2, 2)))[:, 0, 1].tolist()
    assert random.bernoulli(key, p).shape == (2, 2)


def test_bernoulli_of_a_default_is_a_coin(xp):
    assert random.bernoulli(random.key(0)).shape == ()


@pytest.mark.parametrize(("low", "high", "name"), [(0, 6, "int32"), (-100, 100, "int8"), (250, 256, "uint8")])
def test_integers_are_equally_likely(low, high, name):
    x = random.randint(random.key(2), (20_000,), low, high, dtype=np.dtype(name))
    assert x.dtype == np.dtype(name)
    counts = np.bincount(values(x).astype(int) - low, minlength=high - low)
    assert len(counts) == high - low
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_integers_are_the_high_part_of_a_product():
    key = random.key(2)
    words = values(random.bits(key, (1000,), np.uint64)).tolist()
    for low, n in ((0, 3), (-7, 2**31 + 5), (-(2**31), 2**32 - 1), (5, 2**32)):
        x = random.randint(key, (1000,), low, low + n, dtype=np.int64)
        assert values(x).tolist() == [low + (w * n >> 64) for w in words]
        if low + n <= 2**31:
            assert values(random.randint(key, (1000,), low, low + n)).tolist() == values(x).tolist()


def test_choice_takes_slices(xp):
    key = random.key(3)
    x = xp.reshape(xp.arange(12, dtype=xp.int32), (3, 4))
    for options in ({}, {"replace": False}, {"p": xp.asarray([0.5, 0.25, 0.125, 0.125])}):
        chosen = random.choice(key, 4, (3,), **options)
        assert chosen.dtype == xp.argsort(xp.asarray([1.0])).dtype
        assert_equal(random.choice(key, x, (3,), axis=1, **options), xp.take(x, chosen, axis=1))
    assert random.choice(key, x, (2, 5), axis=1).shape == (3, 2, 5)
    assert random.choice(key, x, axis=0).shape == (4,)


def test_choice_without_replacement_has_no_repetition(xp):
    p = xp.asarray([0.1, 0.2, 0.3, 0.4, 0.0])
    assert len(set(values(random.choice(random.key(3), 50, (50,), replace=False)).tolist())) == 50
    assert set(values(random.choice(random.key(3), 5, (4,), replace=False, p=p)).tolist()) == {0, 1, 2, 3}


def test_choice_by_probability():
    p = np.asarray([0.1, 0.0, 0.2, 0.3, 0.4, 0.0], dtype=np.float32)
    x = values(random.choice(random.key(3), 6, (20_000,), p=p))
    counts = np.bincount(x, minlength=6)
    assert counts[1] == counts[5] == 0
    assert scipy.stats.chisquare(counts[p > 0], 20_000 * p[p > 0] / p.sum()).pvalue > 1e-3


def test_choice_by_probabilities_of_one_unit(xp):
    """As small as they are told apart, so that every number is at the edge of an interval."""
    p = xp.asarray([2.0**-30, 0.0, 2.0**-30, 2.0**-29], dtype=xp.float32)
    counts = np.bincount(values(random.choice(random.key(3), 4, (1000,), p=p)), minlength=4)
    assert counts[1] == 0
    assert scipy.stats.chisquare(counts[[0, 2, 3]], [250, 250, 500]).pvalue > 1e-3


def test_first_without_replacement_follows_the_probabilities():
    p = np.asarray([0.1, 0.2, 0.7])
    first = [random.choice(key, 3, (2,), replace=False, p=p)[0] for key in random.split(random.key(1), 3000)]
    assert scipy.stats.chisquare(np.bincount(first, minlength=3), 3000 * p).pvalue > 1e-3


def test_categorical_follows_the_logits():
    p = np.asarray([0.1, 0.2, 0.3, 0.4])
    logits = (np.log(p) + 5).astype(np.float32)
    x = values(random.categorical(random.key(4), logits, shape=(20_000,)))
    assert scipy.stats.chisquare(np.bincount(x, minlength=4), 20_000 * p).pvalue > 1e-3


def test_categorical_goes_along_an_axis(xp):
    logits = xp.asarray([[0.0, -100.0], [-100.0, 0.0], [-100.0, -100.0]], dtype=xp.float32)
    key = random.key(4)
    assert values(random.categorical(key, logits, axis=0)).tolist() == [0, 1]
    assert values(random.categorical(key, logits[:2, :])).tolist() == [0, 1]
    assert values(random.categorical(key, logits, axis=0, shape=(3, 2))).tolist() == [[0, 1]] * 3


def test_mistakes_are_named(xp):
    key = random.key(0)
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="`p` must be in"):
            random.bernoulli(key, p)
    with pytest.raises(TypeError, match="`p` must be real"):
        random.bernoulli(key, xp.asarray([1, 0]))
    with pytest.raises(ValueError, match="`low` must be less"):
        random.randint(key, (3,), 5, 5)
    with pytest.raises(TypeError, match="`high` is missing"):
        random.randint(key, (3,), 5)
    with pytest.raises(ValueError, match=r"at most 2\*\*32"):
        random.randint(key, (3,), 0, 2**32 + 1, dtype=xp.uint32)
    with pytest.raises(ValueError, match="does not fit"):
        random.randint(key, (3,), 0, 2**31 + 1)
    with pytest.raises(TypeError, match="integer dtype"):
        random.randint(key, (3,), 0, 2, dtype=xp.float32)
    with pytest.raises(ValueError, match="without replacement"):
        random.choice(key, 3, (4,), replace=False)
    with pytest.raises(ValueError, match="from nothing"):
        random.choice(key, 0, (4,))
    with pytest.raises(ValueError, match="`p` must have shape"):
        random.choice(key, 3, (4,), p=xp.asarray([0.5, 0.5]))
    with pytest.raises(ValueError, match="`axis`"):
        random.categorical(key, xp.zeros(3), axis=1)
    with pytest.raises(ValueError, match="must end with"):
        random.categorical(key, xp.zeros((2, 3)), shape=(3,))
