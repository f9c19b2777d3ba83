"""Normal random numbers."""

import math
from typing import Any

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace

from ._key import check_impl, check_key, check_shape
from ._quantiles import polynomial32, polynomial64, table
from ._threefry import draw
from ._uniform import check_bounds, check_float, digits, multiply_shift
from ._words import constant, multiply_high

__all__ = ["native_normal", "normal", "normal_of", "truncated_normal"]


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
    count = math.prod(shape)
    if check_impl(impl):
        return xp.reshape(native_normal(key, count=count, dtype=dtype), shape)
    return xp.reshape(draw(key, count=count, transform=normal_of, options=(dtype,)), shape)


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
    below, above = _cumulative(low), _cumulative(high)
    if above - below < 2**-16:
        message = f"the normal distribution has a probability of {above - below:.1e} only between the bounds"
        raise ValueError(message)
    bits = 48 if digits(xp, dtype) > 32 else 32
    first = int(below * 2**bits)
    width = min(math.ceil(above * 2**bits) - first, 2**bits - 1)
    options = (dtype, first, width, low, high, mirrored)
    return xp.reshape(draw(key, count=math.prod(shape), transform=truncated_of, options=options), shape)


def _cumulative(x: float) -> float:
    """Probability of a standard normal number below ``x``."""
    return math.erfc(-x / math.sqrt(2)) / 2


def truncated_of(
    key: Array,
    high: Array,
    low: Array,
    dtype: Any,
    first: int,
    width: int,
    lower: float,
    upper: float,
    mirrored: bool,
) -> Array:
    """Quantile function at a random place in [first, first + width), in units of 2**-32 or 2**-48."""
    xp = array_namespace(high)
    if digits(xp, dtype) > 32:
        # the lower 16 bits remain as they are
        high, low = xp.astype(high, xp.int64), xp.astype(low, xp.int64)
        w = multiply_shift((high << 16) | (low >> 16), width, 48) + first
        x = normal64(key, w >> 16, ((w & 0xFFFF) << 16) | (low & 0xFFFF))
    else:
        w = high ^ low
        w = multiply_high(w, constant(width, like=w)) + constant(first, like=w)
        x = xp.astype(normal32(key, w), dtype)
    x = xp.clip(x, lower, upper)
    return -x if mirrored else x


def normal_of(key: Array, high: Array, low: Array, dtype: Any) -> Array:
    """Normal numbers of ``dtype``."""
    xp = array_namespace(high)
    if digits(xp, dtype) > 32:
        return normal64(key, high, low)
    return xp.astype(normal32(key, high ^ low), dtype)


@generic
def native_normal(key: Array, /, *, count: int, dtype: Any) -> Array:
    """Draw ``count`` normal numbers from the library's own generator; without one, Threefry serves."""
    return draw(key, count=count, transform=normal_of, options=(dtype,))


def normal32(key: Array, w: Array, /) -> Array:
    """Quantile function of the normal distribution at ``(w + 1/2) / 2**32``, in float32."""
    xp = array_namespace(w)
    # products instead of where: NumPy's branches on a random condition, which takes 30 times longer
    upper = w >> 31
    u = (w & 0x7FFFFFFF) ^ (upper * 0x7FFFFFFF)
    y = xp.astype(polynomial32(key, (u << 1) | 1, name="normal32"), xp.int32)
    # the sign goes to the integer, which has no negative zero
    sign = xp.astype(upper, xp.int32) * 2 - 1
    return xp.astype(y * sign, xp.float32) * 2.0 ** -table("normal32").fraction


def normal64(key: Array, high: Array, low: Array, /) -> Array:
    """Quantile function of the normal distribution at ``(high * 2**32 + low + 1/2) / 2**64``, in float64."""
    xp = array_namespace(high)
    upper = high >> 31
    high = (high & 0x7FFFFFFF) ^ (upper * 0x7FFFFFFF)
    low = low ^ (upper * 0xFFFFFFFF)
    y = polynomial64(key, (high << 1) | (low >> 31), ((low & 0x7FFFFFFF) << 1) | 1, name="normal64")
    sign = xp.astype(upper, xp.int64) * 2 - 1
    return xp.astype(y * sign, xp.float64) * 2.0 ** -table("normal64").fraction
