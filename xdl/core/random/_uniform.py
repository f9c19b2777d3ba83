"""Uniform random numbers."""

import math
from typing import Any

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace

from ._key import check_impl, check_key, check_shape
from ._threefry import draw
from ._words import constant, multiply_high

__all__ = [
    "check_bounds",
    "check_float",
    "digits",
    "digits_of",
    "multiply_shift",
    "native_uniform",
    "uniform",
    "uniform_of",
]


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
    if math.isinf(low) or math.isinf(high):
        message = f"`low` and `high` must be finite, got {low} and {high}"
        raise ValueError(message)
    n = digits(xp, dtype)
    places = n + 1 - math.frexp(max(abs(low), abs(high)))[1]
    first = math.ceil(math.ldexp(low, places))
    width = math.ceil(math.ldexp(high, places)) - first
    if width <= 0:
        message = f"no number of dtype {dtype} lies between `low` = {low} and `high` = {high}"
        raise ValueError(message)
    x = draw(key, count=count, transform=uniform_of, options=(dtype, first, width, places))
    return xp.reshape(x, shape)


def uniform_of(_: Array, high: Array, low: Array, dtype: Any, first: int, width: int, places: int) -> Array:
    """Multiples of ``2**-places``: ``first`` plus a random fraction of ``width``, rounded down."""
    xp = array_namespace(high)
    n = digits(xp, dtype)
    x = digits_of(high, low, n)
    if width != 2**n:
        x = multiply_shift(x, width, n) if n > 32 else multiply_high(x << (32 - n), constant(width, like=x))
    x = xp.astype(x, xp.int64 if n > 32 else xp.int32)
    # both factors are exact, and the product is: what a compiler may do with a sum plays no part
    return xp.astype(x + first if first else x, dtype) * 2.0**-places


@generic
def native_uniform(key: Array, /, *, count: int, dtype: Any) -> Array:
    """Draw ``count`` numbers in [0, 1) from the library's own generator; without one, Threefry serves."""
    n = digits(array_namespace(key), dtype)
    return draw(key, count=count, transform=uniform_of, options=(dtype, 0, 2**n, n))


def digits_of(high: Array, low: Array, n: int) -> Array:
    """Random integers of ``n`` binary digits; int64 for more than 32."""
    xp = array_namespace(high)
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
