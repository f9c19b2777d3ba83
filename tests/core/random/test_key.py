import jax
import numpy as np
import pytest
from asserts import assert_equal, values

import xdl

random = xdl.random


def of_jax(key):
    return np.asarray(jax.random.key_data(key))


@pytest.mark.parametrize("seed", [0, 1, 42, 2**31, 2**32 - 1, 2**32, 2**40 + 77, 2**63 - 1, -1, -(2**63)])
def test_seed_gives_the_key_of_jax(xp, seed):
    with jax.enable_x64(True):
        expected = of_jax(jax.random.key(seed))
    assert_equal(random.key(seed), expected, like=xp.zeros(2, dtype=xp.uint32))


def test_seeds_of_64_bits(xp):
    assert values(random.key(2**64 - 2)).tolist() == [0xFFFFFFFF, 0xFFFFFFFE]


def test_key_goes_where_its_example_is(xp):
    x = xp.ones(3, dtype=xp.float32)
    with xdl.use_backend("numpy"):
        assert_equal(random.key(5, like=x), np.asarray([0, 5], dtype=np.uint32), like=random.key(5, like=x))
        assert xdl.array_namespace(random.key(5, like=x)) is xdl.array_namespace(x)


@pytest.mark.parametrize("num", [1, 7, (2, 3), 0])
def test_split_gives_the_keys_of_jax(xp, num):
    key = random.key(123)
    assert_equal(random.split(key, num), of_jax(jax.random.split(jax.random.key(123), num)), like=key)


@pytest.mark.parametrize("data", [0, 1, 2**31, 2**32 - 1])
def test_fold_in_gives_the_key_of_jax(xp, data):
    key = random.key(123)
    expected = of_jax(jax.random.fold_in(jax.random.key(123), np.uint32(data)))
    assert_equal(random.fold_in(key, data), expected, like=key)


def test_fold_in_takes_an_array(xp):
    key = random.key(123)
    assert_equal(random.fold_in(key, xp.asarray(77, dtype=xp.int32)), random.fold_in(key, 77))


def test_mistakes_are_named(xp):
    key = random.key(0)
    for seed in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="`seed`"):
            random.key(seed)
    with pytest.raises(TypeError, match="fold_in"):
        random.key(1.5)
    for data in (-1, 2**32):
        with pytest.raises(ValueError, match="`data`"):
            random.fold_in(key, data)
    with pytest.raises(ValueError, match="one integer"):
        random.fold_in(key, xp.asarray([1, 2]))
    with pytest.raises(ValueError, match="`num`"):
        random.split(key, -1)
    with pytest.raises(TypeError, match="`num`"):
        random.split(key, 2.0)
    for wrong in (xp.zeros(2, dtype=xp.int32), xp.zeros(3, dtype=xp.uint32), random.split(key)):
        with pytest.raises(TypeError, match="expected a key"):
            random.bits(wrong)
