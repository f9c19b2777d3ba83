import jax
import numpy as np
import pytest
from asserts import values

import xdl
from xdl.core.random._threefry import threefry2x32, words
from xdl.core.random._words import constant, join, multiply_high, normalize, word

# tests/kat_vectors of the Random123 library, "threefry2x32 20": counter, key, result
KNOWN_ANSWERS = [
    ("00000000 00000000", "00000000 00000000", "6b200159 99ba4efe"),
    ("ffffffff ffffffff", "ffffffff ffffffff", "1cb996fc bb002be7"),
    ("243f6a88 85a308d3", "13198a2e 03707344", "c4923a9c 483df7a0"),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_known_answers_of_random123(xp, counter, key, result):
    key = xdl.random.key(int(key.replace(" ", ""), 16))
    zero = word(key[:1]) & 0
    pair = threefry2x32(key, *(constant(int(half, 16), like=zero) for half in counter.split()))
    assert " ".join(f"{int(values(half)[0]):08x}" for half in pair) == result


def test_counters_go_on_in_the_high_word(xp):
    """The boundary of 2**32, where the arrays of one call are made of two parts."""
    key = xdl.random.key(99)
    across = words(key, start=2**32 - 3, count=5)
    before, after = words(key, start=2**32 - 3, count=3), words(key, start=2**32, count=2)
    for i in (0, 1):
        assert values(across[i]).tolist() == [*values(before[i]).tolist(), *values(after[i]).tolist()]
    zero = word(key[:1]) & 0
    alone = threefry2x32(key, zero + 1, zero + 1)
    assert [int(values(x)[1]) for x in after] == [int(values(x)[0]) for x in alone]


def test_multiply_high_is_the_product_of_integers(xp):
    numbers = [0, 1, 2, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0x12345678]
    like = word(xdl.random.key(0)[:1])
    array = lambda ns: xp.concat([constant(n, like=like) for n in ns])
    a, b, c = zip(*[(x, y, z) for x in numbers for y in numbers for z in numbers[::3]], strict=True)
    got = values(multiply_high(array(a), array(b), carry=array(c)))
    assert got.tolist() == [(x * y + z) >> 32 for x, y, z in zip(a, b, c, strict=True)]
    got = values(multiply_high(array(a), array(b)))
    assert got.tolist() == [(x * y) >> 32 for x, y in zip(a, b, strict=True)]


def test_normalize_counts_the_leading_zeros(xp):
    numbers = [n for i in range(32) for n in (1 << i, (2 << i) - 1, (1 << i) | 1)]
    like = word(xdl.random.key(0)[:1])
    m, places = normalize(xp.concat([constant(n, like=like) for n in numbers]))
    assert values(places).tolist() == [32 - n.bit_length() for n in numbers]
    assert values(m).tolist() == [n << (32 - n.bit_length()) for n in numbers]


def test_join_puts_the_high_word_first(xp64):
    like = word(xdl.random.key(0)[:1])
    x = values(join(constant(0xFEDCBA98, like=like), constant(0x76543210, like=like)))
    assert x.dtype == np.uint64
    assert int(x[0]) == 0xFEDCBA9876543210


def test_words_are_those_of_jax(xp):
    expected = jax.random.key_data(
        jax.random.split(jax.random.wrap_key_data(np.asarray([3, 4], np.uint32)), 100)
    )
    for got, want in zip(
        words(xdl.random.key((3 << 32) + 4), count=100), np.asarray(expected).T, strict=True
    ):
        assert values(got).tolist() == want.tolist()
