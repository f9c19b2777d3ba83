"""Threefry-2x32: a block cipher that turns a key and a counter into random words."""

from collections.abc import Callable
from typing import Any

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace

from ._words import device_of, word

__all__ = ["PARITY", "ROTATIONS", "draw", "threefry2x32", "words"]

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA


@generic
def threefry2x32(key: Array, x0: Array, x1: Array, /) -> tuple[Array, Array]:
    """Encrypt the counters ``(x0, x1)`` in 20 rounds.

    Parameters
    ----------
    key : (2,) array of uint32
    x0, x1 : (n,) word arrays

    Returns
    -------
    y0, y1 : (n,) word arrays

    References
    ----------
    Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3",
    doi:10.1145/2063384.2063405, section 4.2; the constants are those of the Random123 library.
    """
    k0, k1 = key[0:1], key[1:2]
    schedule = (k0, k1, k0 ^ k1 ^ PARITY)
    x0, x1 = x0 + k0, x1 + k1
    for i in range(5):
        for r in ROTATIONS[i % 2]:
            x0 = x0 + x1
            x1 = ((x1 << r) | (x1 >> (32 - r))) ^ x0
        x0 = x0 + schedule[(i + 1) % 3]
        x1 = x1 + schedule[(i + 2) % 3] + (i + 1)
    return x0, x1


@generic
def words(key: Array, /, *, count: int, start: int = 0) -> tuple[Array, Array]:
    """Encrypt the counters ``start``, ..., ``start + count - 1``: all randomness comes from here.

    A counter has 64 bits, of which the high word goes first. This is the layout that JAX calls
    partitionable: element ``i`` depends on ``i`` and the key alone.

    Returns
    -------
    high, low : (count,) word arrays
    """
    xp = array_namespace(key)
    like = word(key)
    stop, parts = start + count, []
    while start < stop or not parts:
        high = start >> 32
        end = min(stop, (high + 1) << 32)
        x1 = xp.arange(start - (high << 32), end - (high << 32), dtype=like.dtype, device=device_of(key))
        parts.append(threefry2x32(key, (x1 & 0) + high if high else x1 & 0, x1))
        start = end
    if len(parts) == 1:
        return parts[0]
    return tuple(xp.concat(list(halves)) for halves in zip(*parts, strict=True))


@generic
def draw(
    key: Array, /, *, count: int, transform: Callable[..., Array], options: tuple[Any, ...] = ()
) -> Array:
    """Elements that are each a function of two random words.

    Parameters
    ----------
    key : (2,) array of uint32
    count : int
    transform : callable
        ``transform(key, high, low, *options)`` works element by element, so that a method may call it
        block by block. A function of a module, so that a method may compile it once.
    options : tuple
        Hashable.

    Returns
    -------
    (count,) array
    """
    return transform(key, *words(key, count=count), *options)
