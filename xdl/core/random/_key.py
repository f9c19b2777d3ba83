"""Keys: where randomness comes from, and how one key becomes many."""

import math
import operator
from typing import Any

from xdl.core._exchange import asarray
from xdl.core._namespace import Array, array_namespace, is_array

from ._threefry import threefry2x32, words
from ._words import constant, word

__all__ = ["fold_in", "key", "split"]


def key(seed: int, *, like: Array | None = None) -> Array:
    """Key made of a seed.

    Parameters
    ----------
    seed : int
        In [-2**63, 2**64); a negative one counts from 2**64.
    like : array, optional
        The key is made by the library, and on the device, of this array; default: of the current
        backend (see `xdl.use_backend`).

    Returns
    -------
    (2,) array of uint32
        High and low word of the seed: ``jax.random.key_data(jax.random.key(seed))``. (JAX without x64
        keeps the low word of the seed only; here both words count on every backend.)

    Examples
    --------
    >>> import xdl
    >>> xdl.random.key(42)
    array([ 0, 42], dtype=uint32)
    """
    try:
        seed = operator.index(seed)
    except TypeError:
        message = f"`seed` must be an integer, got {type(seed).__name__}; for an array use fold_in(key, data)"
        raise TypeError(message) from None
    if not -(2**63) <= seed < 2**64:
        message = f"`seed` must be in [-2**63, 2**64), got {seed}"
        raise ValueError(message)
    seed %= 2**64
    # by way of 16-bit halves: not every library takes a Python integer above 2**31
    halves = asarray([seed >> 48, seed >> 32 & 0xFFFF, seed >> 16 & 0xFFFF, seed & 0xFFFF], like=like)
    xp = array_namespace(halves)
    halves = word(halves)
    return xp.astype((halves[0::2] << 16) | halves[1::2], xp.uint32)


def split(key: Array, /, num: int | tuple[int, ...] = 2) -> Array:
    """Independent keys made of one, which is then used up.

    Parameters
    ----------
    key : (2,) array of uint32
    num : int or tuple of int
        How many, or their shape.

    Returns
    -------
    (num, 2) array of uint32
        The same keys as ``jax.random.split``.
    """
    check_key(key)
    shape = check_shape(num, "num")
    xp = array_namespace(key)
    pair = words(key, count=math.prod(shape))
    return xp.reshape(xp.stack([xp.astype(x, xp.uint32) for x in pair], axis=-1), (*shape, 2))


def fold_in(key: Array, data: Any, /) -> Array:
    """Key made of a key and a number, such as the index of a step or of a layer.

    Parameters
    ----------
    key : (2,) array of uint32
    data : int or () array of integers
        In [0, 2**32).

    Returns
    -------
    (2,) array of uint32
        The same key as ``jax.random.fold_in``.
    """
    check_key(key)
    xp = array_namespace(key)
    zero = word(key[0:1]) & 0
    if is_array(data):
        if data.shape != () or not xp.isdtype(data.dtype, "integral"):
            message = f"`data` must be one integer, got shape {tuple(data.shape)} and dtype {data.dtype}"
            raise ValueError(message)
        low = word(xp.reshape(data, (1,)))
    else:
        data = operator.index(data)
        if not 0 <= data < 2**32:
            message = f"`data` must be in [0, 2**32), got {data}"
            raise ValueError(message)
        low = constant(data, like=zero)
    pair = threefry2x32(key, zero, low)
    return xp.concat([xp.astype(x, xp.uint32) for x in pair])


def check_key(key: Array) -> None:
    """Raise unless ``key`` is a key."""
    xp = array_namespace(key)
    if tuple(key.shape) != (2,) or key.dtype != xp.uint32:
        message = (
            f"expected a key, a uint32 array of shape (2,) made by xdl.random.key, split or fold_in; "
            f"got shape {tuple(key.shape)} and dtype {key.dtype}"
        )
        raise TypeError(message)


def check_shape(shape: Any, name: str = "shape") -> tuple[int, ...]:
    """Return ``shape`` as a tuple; raise unless it holds integers, none negative."""
    sizes = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    for n in sizes:
        if isinstance(n, bool | float) or not hasattr(n, "__index__"):
            message = f"`{name}` must be an integer or a tuple of integers, got {shape!r}"
            raise TypeError(message)
        if n < 0:
            message = f"`{name}` must not be negative, got {shape!r}"
            raise ValueError(message)
    return sizes


def check_impl(impl: str) -> bool:
    """Whether the library's own generator is asked for."""
    if impl not in ("threefry", "native"):
        message = f"`impl` must be 'threefry' or 'native', got {impl!r}"
        raise ValueError(message)
    return impl == "native"
