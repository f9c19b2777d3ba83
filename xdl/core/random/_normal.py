"""Normal random numbers."""

import math
from statistics import NormalDist
from typing import Any

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace

from ._key import check_impl, check_key, check_shape
from ._quantiles import polynomial32, polynomial64, table
from ._threefry import words
from ._uniform import check_bounds, check_float, digits, multiply_shift
from ._words import constant, multiply_high

__all__ = ["draw_normal", "native_normal", "normal", "normal32", "normal64", "truncated_normal"]


def normal(
    key: Array, /, shape: int | tuple[int, ...] = (), *, dtype: Any = None, impl: str = "threefry"
) -> Array:
    """Standard normal numbers, the same bytes on every backend.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
    dtype : dtype, optional
        Real floating dtype of the backend; default: float32.
    impl : {"threefry", "native"}
        ``"native"`` draws from the library's own generator, seeded with the key: other numbers on every
        library, device and version, often faster.

    Returns
    -------
    array
        The quantile function of the normal distribution at ``(bits + 1/2) / 2**32``, in integer
        arithmetic, within 1.3e-8 before it is rounded to float32; the largest possible is 6.34. In
        float64 at ``(bits + 1/2) / 2**64``, within 4e-15; the largest possible is 9.15.

    Notes
    -----
    Not the numbers of ``jax.random.normal``, whose last digits depend on the compiler. The smaller dtypes
    are rounded from float32.
    """
    check_key(key)
    shape = check_shape(shape)
    xp = array_namespace(key)
    dtype = check_float(xp, dtype)
    draw = native_normal if check_impl(impl) else draw_normal
    return xp.reshape(draw(key, count=math.prod(shape), dtype=dtype), shape)


def truncated_normal(
    key: Array,
    /,
    shape: int | tuple[int, ...] = (),
    *,
    low: float = -2.0,
    high: float = 2.0,
    dtype: Any = None,
) -> Array:
    """Standard normal numbers, given that they lie in [low, high]; the same bytes on every backend.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
    low, high : float
        Python numbers, in standard deviations; may be infinite.
    dtype : dtype, optional
        Real floating dtype of the backend; default: float32.

    Returns
    -------
    array

    Notes
    -----
    The interval must hold a probability of at least 2**-16, so that there are enough different numbers.
    """
    check_key(key)
    shape = check_shape(shape)
    xp = array_namespace(key)
    dtype = check_float(xp, dtype)
    low, high = check_bounds(low, high)
    mirrored = low > 0  # the lower tail is where probabilities are told apart
    if mirrored:
        low, high = -high, -low
    below, above = NormalDist().cdf(low), NormalDist().cdf(high)
    if above - below < 2**-16:
        message = f"the normal distribution has a probability of {above - below:.1e} only between the bounds"
        raise ValueError(message)
    upper, lower = words(key, count=math.prod(shape))
    if digits(xp, dtype) > 32:
        # the bounds are resolved to 48 bits; the lower 16 remain as they are
        first = int(below * 2**48)
        width = math.ceil(above * 2**48) - first
        w = (xp.astype(upper, xp.int64) << 16) | (xp.astype(lower, xp.int64) >> 16)
        w = multiply_shift(w, width, 48) + first
        x = normal64(key, w >> 16, ((w & 0xFFFF) << 16) | (xp.astype(lower, xp.int64) & 0xFFFF))
    else:
        first = int(below * 2**32)
        width = min(math.ceil(above * 2**32) - first, 2**32 - 1)
        w = upper ^ lower
        x = normal32(key, multiply_high(w, constant(width, like=w)) + constant(first, like=w))
    x = xp.clip(xp.astype(-x if mirrored else x, dtype), *((-high, -low) if mirrored else (low, high)))
    return xp.reshape(x, shape)


@generic
def draw_normal(key: Array, /, *, count: int, dtype: Any) -> Array:
    """Draw ``count`` normal numbers."""
    xp = array_namespace(key)
    high, low = words(key, count=count)
    if digits(xp, dtype) > 32:
        return normal64(key, high, low)
    return xp.astype(normal32(key, high ^ low), dtype)


@generic
def native_normal(key: Array, /, *, count: int, dtype: Any) -> Array:
    """Draw ``count`` normal numbers from the library's own generator; without one, Threefry serves."""
    return draw_normal(key, count=count, dtype=dtype)


def normal32(key: Array, w: Array, /) -> Array:
    """Quantile function of the normal distribution at ``(w + 1/2) / 2**32``, in float32."""
    xp = array_namespace(w)
    negative = (w >> 31) == 0
    u = w & 0x7FFFFFFF
    v = (xp.where(negative, u, 0x7FFFFFFF - u) << 1) | 1
    y = xp.astype(polynomial32(key, v, name="normal32"), xp.int32)
    # the sign goes to the integer, which has no negative zero
    return xp.astype(xp.where(negative, -y, y), xp.float32) * 2.0 ** -table("normal32").fraction


def normal64(key: Array, high: Array, low: Array, /) -> Array:
    """Quantile function of the normal distribution at ``(high * 2**32 + low + 1/2) / 2**64``, in float64."""
    xp = array_namespace(high)
    negative = (high >> 31) == 0
    flip = (low & 0) + 0xFFFFFFFF
    high = xp.where(negative, high, (high & 0) + 0x7FFFFFFF - (high & 0x7FFFFFFF))
    low = xp.where(negative, low, flip - low)
    y = polynomial64(key, (high << 1) | (low >> 31), ((low & 0x7FFFFFFF) << 1) | 1, name="normal64")
    return xp.astype(xp.where(negative, -y, y), xp.float64) * 2.0 ** -table("normal64").fraction
