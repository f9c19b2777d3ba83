"""Exponential and Gumbel random numbers."""

import math
from typing import Any

from xdl.core._namespace import Array, array_namespace

from ._key import check_key, check_shape
from ._quantiles import polynomial32, table
from ._threefry import draw
from ._uniform import check_float, digits, digits_of

__all__ = ["exponential", "gumbel", "gumbel_of"]


def exponential(key: Array, /, shape: int | tuple[int, ...] = (), *, dtype: Any = None) -> Array:
    """Exponential numbers of mean 1.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
    dtype : dtype, optional
        Real floating dtype of the backend; default: float32.

    Returns
    -------
    array
        In float32 and smaller the same bytes on every backend, within 5e-8 and at most 22.2. In float64
        the logarithm is the library's own, so that the last digit may differ.
    """
    check_key(key)
    shape = check_shape(shape)
    xp = array_namespace(key)
    dtype = check_float(xp, dtype)
    return xp.reshape(draw(key, count=math.prod(shape), transform=exponential_of, options=(dtype,)), shape)


def gumbel(key: Array, /, shape: int | tuple[int, ...] = (), *, dtype: Any = None) -> Array:
    """Standard Gumbel numbers: the maximum of many exponential numbers, less its mode.

    Parameters
    ----------
    key : (2,) array of uint32
    shape : tuple of int
    dtype : dtype, optional
        Real floating dtype of the backend; default: float32.

    Returns
    -------
    array
        In float32 and smaller the same bytes on every backend, within 5e-8, from -3.2 to 22.9. In float64
        the logarithm is the library's own, so that the last digit may differ.
    """
    check_key(key)
    shape = check_shape(shape)
    xp = array_namespace(key)
    dtype = check_float(xp, dtype)
    return xp.reshape(draw(key, count=math.prod(shape), transform=gumbel_of, options=(dtype,)), shape)


def exponential_of(key: Array, high: Array, low: Array, dtype: Any) -> Array:
    """Exponential numbers of ``dtype``."""
    xp = array_namespace(high)
    if digits(xp, dtype) > 32:
        return -xp.log(_open_uniform64(high, low, dtype))
    y = xp.astype(polynomial32(key, (high ^ low) | 1, name="exponential32"), xp.int32)
    return xp.astype(xp.astype(y, xp.float32) * 2.0 ** -table("exponential32").fraction, dtype)


def gumbel_of(key: Array, high: Array, low: Array, dtype: Any) -> Array:
    """Gumbel numbers of ``dtype``."""
    xp = array_namespace(high)
    if digits(xp, dtype) > 32:
        return -xp.log(-xp.log(_open_uniform64(high, low, dtype)))
    w = high ^ low
    half = w >> 31
    u = (w & 0x7FFFFFFF) ^ (half * 0x7FFFFFFF)
    y = xp.astype(polynomial32(key, (u << 1) | 1, half, name="gumbel32"), xp.int32)
    return xp.astype(xp.astype(y, xp.float32) * 2.0 ** -table("gumbel32").fraction, dtype)


def _open_uniform64(high: Array, low: Array, dtype: Any) -> Array:
    xp = array_namespace(high)
    # 52 digits and a half: neither 0 nor 1
    return (xp.astype(digits_of(high, low, 52), dtype) + 0.5) * 2.0**-52
