"""Exponential and Gumbel random numbers."""

import math
from typing import Any

from xdl.core._namespace import Array, array_namespace

from ._key import check_key, check_shape
from ._quantiles import polynomial32, table
from ._threefry import words
from ._uniform import check_float, digits, draw_integers

__all__ = ["draw_gumbel32", "exponential", "gumbel"]


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
    count = math.prod(shape)
    if digits(xp, dtype) > 32:
        return xp.reshape(-xp.log(_open_uniform64(key, count, dtype)), shape)
    high, low = words(key, count=count)
    y = xp.astype(polynomial32(key, (high ^ low) | 1, name="exponential32"), xp.int32)
    x = xp.astype(y, xp.float32) * 2.0 ** -table("exponential32").fraction
    return xp.reshape(xp.astype(x, dtype), shape)


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
    count = math.prod(shape)
    if digits(xp, dtype) > 32:
        return xp.reshape(-xp.log(-xp.log(_open_uniform64(key, count, dtype))), shape)
    return xp.reshape(xp.astype(draw_gumbel32(key, count=count), dtype), shape)


def draw_gumbel32(key: Array, /, *, count: int) -> Array:
    """Draw ``count`` Gumbel numbers of float32."""
    xp = array_namespace(key)
    high, low = words(key, count=count)
    w = high ^ low
    u = w & 0x7FFFFFFF
    half = w >> 31
    v = (xp.where(half == 0, u, 0x7FFFFFFF - u) << 1) | 1
    y = xp.astype(polynomial32(key, v, name="gumbel32", half=half), xp.int32)
    return xp.astype(y, xp.float32) * 2.0 ** -table("gumbel32").fraction


def _open_uniform64(key: Array, count: int, dtype: Any) -> Array:
    xp = array_namespace(key)
    # 52 digits and a half: neither 0 nor 1
    return (xp.astype(draw_integers(key, count=count, dtype=dtype), dtype) + 0.5) * 2.0**-52
