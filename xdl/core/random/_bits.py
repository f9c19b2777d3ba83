"""Random bits."""

import math
from typing import Any

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace
from xdl.core.random._words import join

from ._key import check_impl, check_key, check_shape
from ._threefry import draw

__all__ = ["bits", "bits_of", "native_bits"]


def bits(
    key: Array, /, shape: int | tuple[int, ...] = (), dtype: Any = None, *, impl: str = "threefry"
) -> Array:
    """Unsigned integers, all values equally likely.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
    dtype : dtype, optional
        uint8, uint16, uint32 (default) or uint64 of the backend.
    impl : {"threefry", "native"}
        ``"native"`` draws from the library's own generator, seeded with the key: other numbers on every
        library, device and version, often faster.

    Returns
    -------
    array
        The same numbers as ``jax.random.bits``.
    """
    check_key(key)
    shape = check_shape(shape)
    xp = array_namespace(key)
    widths = {getattr(xp, f"uint{n}"): n for n in (32, 8, 16)}
    width = 32 if dtype is None else widths.get(dtype, 64)
    if width == 64 and dtype != xp.uint64:
        message = f"`dtype` must be uint8, uint16, uint32 or uint64 of the key's library, got {dtype}"
        raise TypeError(message)
    count = math.prod(shape)
    if check_impl(impl):
        return xp.reshape(native_bits(key, count=count, width=width), shape)
    return xp.reshape(draw(key, count=count, transform=bits_of, options=(width,)), shape)


def bits_of(_: Array, high: Array, low: Array, width: int) -> Array:
    """Unsigned integers of ``width`` bits."""
    xp = array_namespace(high)
    if width == 64:
        return join(high, low)
    bits = high ^ low if width == 32 else (high ^ low) & (2**width - 1)
    return xp.astype(bits, getattr(xp, f"uint{width}"))


@generic
def native_bits(key: Array, /, *, count: int, width: int) -> Array:
    """Draw ``count`` unsigned integers from the library's own generator; without one, Threefry serves."""
    return draw(key, count=count, transform=bits_of, options=(width,))
