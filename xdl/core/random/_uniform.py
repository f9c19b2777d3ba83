"""Uniform random numbers."""

import math
from typing import Any

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace

from ._key import check_impl, check_key, check_shape
from ._threefry import words
from ._words import constant, multiply_high

__all__ = ["check_float", "draw_uniform", "multiply_shift", "native_uniform", "uniform"]


def uniform(
    key: Array,
    /,
    shape: int | tuple[int, ...] = (),
    *,
    dtype: Any = None,
    low: float = 0.0,
    high: float = 1.0,
    impl: str = "threefry",
) -> Array:
    """Numbers uniform on [low, high), the same bytes on every backend.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
    dtype : dtype, optional
        Real floating dtype of the backend; default: float32.
    low, high : float
        Python numbers, ``low < high``. For bounds that are arrays, scale numbers from [0, 1).
    impl : {"threefry", "native"}
        ``"native"`` draws from the library's own generator, seeded with the key: other numbers on every
        library, device and version, often faster.

    Returns
    -------
    array
        Multiples of 2**-23 (float32), 2**-52 (float64), 2**-10 (float16) or 2**-7 (bfloat16), the same as
        ``jax.random.uniform``. With other bounds they are cut into the same number of steps and lie on a
        grid of one more digit, relative to the larger bound: no rounding, thus never ``high``.
    """
    check_key(key)
    shape = check_shape(shape)
    xp = array_namespace(key)
    dtype = check_float(xp, dtype)
    low, high = check_bounds(low, high)
    count = math.prod(shape)
    if check_impl(impl):
        x = native_uniform(key, count=count, dtype=dtype)
        return xp.reshape(x if (low, high) == (0.0, 1.0) else x * (high - low) + low, shape)
    if (low, high) == (0.0, 1.0):
        return xp.reshape(draw_uniform(key, count=count, dtype=dtype), shape)
    n = digits(xp, dtype)
    places = n + 1 - math.frexp(max(abs(low), abs(high)))[1]
    first = math.ceil(math.ldexp(low, places))
    width = math.ceil(math.ldexp(high, places)) - first
    if width <= 0:
        message = f"no number of dtype {dtype} lies between `low` = {low} and `high` = {high}"
        raise ValueError(message)
    x = draw_integers(key, count=count, dtype=dtype)
    if n > 32:
        x = multiply_shift(x, width, n)
    else:
        x = xp.astype(multiply_high(x << (32 - n), constant(width, like=x)), xp.int32)
    # both factors of the product below are exact, and powers of two are
    return xp.reshape(xp.astype(x + first, dtype) * 2.0**-places, shape)


@generic
def draw_uniform(key: Array, /, *, count: int, dtype: Any) -> Array:
    """Draw ``count`` numbers in [0, 1)."""
    xp = array_namespace(key)
    x = draw_integers(key, count=count, dtype=dtype)
    n = digits(xp, dtype)
    return xp.astype(xp.astype(x, xp.int32) if n <= 32 else x, dtype) * 2.0**-n


@generic
def native_uniform(key: Array, /, *, count: int, dtype: Any) -> Array:
    """Draw ``count`` numbers in [0, 1) from the library's own generator; without one, Threefry serves."""
    return draw_uniform(key, count=count, dtype=dtype)


def draw_integers(key: Array, /, *, count: int, dtype: Any) -> Array:
    """Random integers with as many binary digits as ``dtype`` keeps of any number in [1, 2)."""
    xp = array_namespace(key)
    n = digits(xp, dtype)
    high, low = words(key, count=count)
    if n > 32:
        return (xp.astype(high, xp.int64) << (n - 32)) | (xp.astype(low, xp.int64) >> (64 - n))
    # as in JAX: float16 and bfloat16 take the low bits of the word, as many as a small integer has
    bits = high ^ low
    size = 32 if n > 16 else 16 if n > 8 else 8
    return (bits if size == 32 else bits & (2**size - 1)) >> (size - n)


def multiply_shift(a: Array, b: int, bits: int, /) -> Array:
    """Floor of ``a * b / 2**bits`` for int64 ``a`` in [0, 2**bits) and ``b`` <= 2**54."""
    carry, at = None, 0
    while at < bits:
        n = (bits - at) % 8 or 8
        # rounding down at every step is the same as rounding down once at the end
        product = ((a >> at) & (2**n - 1)) * b
        carry = (product if carry is None else product + carry) >> n
        at += n
    return carry


def digits(xp: Any, dtype: Any) -> int:
    """Number of binary digits behind the point of numbers in [1, 2)."""
    return round(-math.log2(float(xp.finfo(dtype).eps)))


def check_float(xp: Any, dtype: Any) -> Any:
    """Return ``dtype``, by default float32; raise unless it is real floating."""
    if dtype is None:
        return xp.float32
    if not xp.isdtype(dtype, "real floating"):
        message = f"`dtype` must be a real floating dtype of the key's library, got {dtype!r}"
        raise TypeError(message)
    return dtype


def check_bounds(low: Any, high: Any) -> tuple[float, float]:
    """Return the bounds as floats; raise unless they are numbers and ``low < high``."""
    for bound in (low, high):
        if hasattr(bound, "shape") and not isinstance(bound, float):
            message = f"`low` and `high` must be Python numbers, got {type(bound).__name__}"
            raise TypeError(message)
    low, high = float(low), float(high)
    if not low < high:
        message = f"`low` must be less than `high`, got {low} and {high}"
        raise ValueError(message)
    return low, high
