import jax
import numpy as np
import pytest
from asserts import assert_equal, values

import xdl

random = xdl.random


@pytest.mark.parametrize(
    ("shape", "size"), [((), 32), ((3, 4), 32), ((2, 0), 32), (7, 32), ((5,), 8), ((5,), 16)]
)
def test_bits_are_those_of_jax(xp, shape, size):
    key = random.key(2024)
    sizes = (shape,) if isinstance(shape, int) else shape
    expected = np.asarray(jax.random.bits(jax.random.key(2024), sizes, f"uint{size}"))
    dtype = getattr(xp, f"uint{size}")
    assert_equal(random.bits(key, shape, dtype), expected, like=xp.zeros(1, dtype=dtype))


def test_bits_of_64_are_those_of_jax(xp64):
    with jax.enable_x64(True):
        expected = np.asarray(jax.random.bits(jax.random.key(2024), (50,), "uint64"))
    got = random.bits(random.key(2024), (50,), xp64.uint64)
    assert values(got).tolist() == expected.tolist()


def test_default_is_uint32(xp):
    assert random.bits(random.key(0), (3,)).dtype == xp.uint32


def test_own_generator_depends_on_the_key_alone(xp):
    one, two = random.key(0), random.key(1)
    draw = lambda key: values(random.bits(key, (50,), impl="native")).tolist()
    assert draw(one) == draw(one)
    assert draw(one) != draw(two)
    assert random.bits(one, (3,), xp.uint8, impl="native").dtype == xp.uint8


def test_mistakes_are_named(xp):
    key = random.key(0)
    with pytest.raises(TypeError, match="`dtype` must be uint8"):
        random.bits(key, (3,), xp.float32)
    with pytest.raises(ValueError, match="`shape` must not be negative"):
        random.bits(key, (3, -1))
    with pytest.raises(TypeError, match="`shape` must be an integer"):
        random.bits(key, (3.0,))
    with pytest.raises(ValueError, match="`impl`"):
        random.bits(key, (3,), impl="fast")
