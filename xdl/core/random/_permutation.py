"""Random orders."""

import operator
from typing import Any

from xdl.core._generic import generic
from xdl.core._namespace import Array, array_namespace, is_array

from ._key import check_key
from ._threefry import words

__all__ = ["draw_order", "permutation"]


def permutation(key: Array, x: int | Array, /, *, axis: int = 0) -> Array:
    """Integers below ``x``, or the slices of an array ``x`` along ``axis``, in random order.

    Parameters
    ----------
    key : (2,) array of uint32
    x : int or array
    axis : int

    Returns
    -------
    (x,) array of the backend's index dtype, or array like ``x``
        The same order on every backend: that which sorts the 64-bit random words.
    """
    check_key(key)
    if is_array(x):
        if not -x.ndim <= axis < x.ndim:
            message = f"`axis` must be in [{-x.ndim}, {x.ndim}), got {axis}"
            raise ValueError(message)
        return array_namespace(x).take(x, draw_order(key, count=x.shape[axis]), axis=axis)
    return draw_order(key, count=check_count(x))


@generic
def draw_order(key: Array, /, *, count: int) -> Array:
    """Draw a permutation of the integers below ``count``."""
    xp = array_namespace(key)
    high, low = words(key, count=count)
    # by the low word first, then, keeping that order among equals, by the high word
    order = xp.argsort(low, stable=True)
    return xp.take(order, xp.argsort(xp.take(high, order), stable=True))


def check_count(n: Any) -> int:
    """Return ``n`` as an integer; raise if it is none, or negative."""
    try:
        n = operator.index(n)
    except TypeError:
        message = f"expected an integer or an array, got {type(n).__name__}"
        raise TypeError(message) from None
    if n < 0:
        message = f"expected a number of alternatives, at least 0, got {n}"
        raise ValueError(message)
    return n
