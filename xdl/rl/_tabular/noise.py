"""Random numbers of many steps in one call."""

import math

from xdl.core import Array, array_namespace
from xdl.core.random._threefry import words

__all__ = ["uniform_words"]


def uniform_words(key: Array, shape: tuple[int, ...]) -> Array:
    """Numbers uniform on [0, 1) in float32, two of each call of the cipher where `xdl.random.uniform` takes one.

    Parameters
    ----------
    key : (2,) array of uint32
        Random key.
    shape : tuple of int
        Shape of the numbers.
    """
    count = math.prod(shape)
    high, low = words(key, count=-(-count // 2))
    xp = array_namespace(high)
    digits = xp.astype(xp.concat([high, low]) >> 9, xp.int32)
    return xp.reshape((xp.astype(digits, xp.float32) * 2.0**-23)[:count], shape)
