"""Arithmetic of 32-bit words.

A *word array* holds integers in [0, 2**32). It is an array of uint32, or of int64 on a library that cannot
calculate with uint32. The functions here, and those written with them, give the same integers on both: they
shift left only what still fits in 32 bits, and let only differences wrap around.
"""

from typing import Any

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace

__all__ = ["constant", "device_of", "join", "multiply_high", "normalize", "word"]


@generic
def word(x: Array, /) -> Array:
    """Word array with the integers ``x`` modulo 2**32."""
    xp = array_namespace(x)
    return xp.astype(x, xp.uint32)


def constant(n: int, /, *, like: Array) -> Array:
    """Word array of the shape of ``like``, filled with ``n``."""
    # in halves: JAX without x64 takes no Python integer above 2**31
    return (((like & 0) + (n >> 16)) << 16) | (n & 0xFFFF)


def device_of(x: Array) -> Any:
    """Device of an array; None for one traced by JAX, which has none yet."""
    return getattr(x, "device", None)


@generic
def join(high: Array, low: Array, /) -> Array:
    """Array of uint64 made of two word arrays."""
    xp = array_namespace(high)
    return (xp.astype(high, xp.uint64) << 32) | xp.astype(low, xp.uint64)


@generic
def multiply_high(a: Array, b: Array, /, *, carry: Array | None = None) -> Array:
    """High word of ``a * b + carry``, that is ``floor((a * b + carry) / 2**32)``, for word arrays."""
    a0, a1, b0, b1 = a & 0xFFFF, a >> 16, b & 0xFFFF, b >> 16
    # no sum exceeds (2**16 - 1)**2 + 2 * (2**16 - 1) = 2**32 - 1
    low = a0 * b0
    if carry is not None:
        low = low + (carry & 0xFFFF)
    first = a1 * b0 + (low >> 16)
    second = a0 * b1 + (first & 0xFFFF)
    if carry is not None:
        second = second + (carry >> 16)
    return a1 * b1 + (first >> 16) + (second >> 16)


@generic
def normalize(v: Array, /) -> tuple[Array, Array]:
    """Shift the nonzero words ``v`` left until bit 31 is set; return them and the numbers of places."""
    xp = array_namespace(v)
    places = v & 0
    for s in (16, 8, 4, 2, 1):
        short = (v >> (32 - s)) == 0
        v = xp.where(short, v << s, v)
        places = xp.where(short, places + s, places)
    return v, places
