"""Rows picked by an index."""

import math
from typing import Any

from xdl.autodiff import rule, scatter_add
from xdl.autodiff._scatter import positions
from xdl.core import Array, array_namespace, generic

__all__ = ["gather", "gather_nd"]


def gather(x: Array, index: Array, /, *, axis: int = 0) -> Array:
    """Pick entries of ``x`` along an axis, as ``x[index]`` does along the first.

    Parameters
    ----------
    x : (..., n, ...) array
    index : array of integers
        Of any shape. Negative ones count from the end, as in Python.
    axis : int
        Axis of length ``n``.

    Returns
    -------
    array of shape x.shape[:axis] + index.shape + x.shape[axis + 1:]
        An index outside of ``[-n, n)`` gives NaN (of integers the smallest if they have a sign, else the
        largest; of booleans True) and has no derivative.

    Raises
    ------
    TypeError
        If the index is not of integers.

    Notes
    -----
    What is outside is treated alike on every backend: compiled code cannot raise, and a look at an index
    on a GPU would stop the program until all work before it is done. A clamped index would hide the
    mistake; NaN shows it. It is also what ``jax.numpy.take`` does; NumPy and PyTorch raise.
    """
    return rows_at(x, index, axis=check_gather(x, index, axis), from_end=True)


def gather_nd(x: Array, index: tuple[Array, ...], /) -> Array:
    """Pick entries of ``x`` by one index for each of its first axes, as ``x[i, j, ...]`` does.

    Parameters
    ----------
    x : array
    index : tuple of arrays of integers
        Their shapes broadcast to one another. Negative ones count from the end.

    Returns
    -------
    array of the shape of an index, followed by the axes of ``x`` that have none
        What is outside is treated as by `gather`.
    """
    parts = tuple(index) if isinstance(index, tuple | list) else (index,)
    if not 1 <= len(parts) <= len(x.shape):
        message = f"expected from 1 to {len(x.shape)} index arrays for `x` of shape {tuple(x.shape)}, got {len(parts)}"
        raise ValueError(message)
    xp = array_namespace(x, *parts)
    shape, rest = tuple(x.shape[: len(parts)]), tuple(x.shape[len(parts) :])
    place, inside = 0, True
    for part, n in zip(parts, shape, strict=True):
        check_gather(x, part, 0)
        part = positions(xp, part)
        part = xp.where(part < 0, part + n, part)
        inside = inside & ((part >= 0) & (part < n))
        place = place * n + part
    size = math.prod(shape)
    flat = xp.reshape(x, (size, *rest))
    return rows_at(flat, xp.where(inside, place, size), axis=0, from_end=False)


@generic
def rows_at(x: Array, index: Array, /, *, axis: int, from_end: bool) -> Array:
    """Entries of ``x`` along an axis; whether negative indices count from the end, or are outside."""
    xp = array_namespace(x, index)
    n, shape = x.shape[axis], tuple(index.shape)
    after = tuple(x.shape[axis + 1 :])
    whole = (*x.shape[:axis], *shape, *after)
    outside = fill(xp, x.dtype)
    if 0 in whole:
        return xp.reshape(xp.reshape(x, (math.prod(x.shape),))[:0], whole)
    if not n:
        return xp.full(whole, outside, dtype=x.dtype, device=getattr(index, "device", None))
    places, inside = places_of(xp, index, n, from_end)
    y = xp.take(x, xp.reshape(xp.where(inside, places, 0), (-1,)), axis=axis)
    return xp.where(xp.reshape(inside, (*shape, *(1,) * len(after))), xp.reshape(y, whole), outside)


def _pull(xp: Any, dy: Array, y: Array, x: Array, index: Array, *, axis: int, from_end: bool) -> Array:
    n, rank = x.shape[axis], len(index.shape)
    places, _ = places_of(xp, index, n, from_end)
    if axis:
        dy = xp.permute_dims(
            dy, (*range(axis, axis + rank), *range(axis), *range(axis + rank, len(dy.shape)))
        )
    dx = scatter_add(dy, places, size=n)  # which drops what is outside
    return xp.moveaxis(dx, 0, axis) if axis else dx


rule(rows_at, pullback=(_pull, None))


def places_of(xp: Any, index: Array, n: int, from_end: bool) -> tuple[Array, Array]:
    """Return the index as positions, and which of them are inside."""
    places = positions(xp, index)
    if from_end and xp.isdtype(index.dtype, "signed integer"):
        places = xp.where(places < 0, places + n, places)
    return places, xp.logical_and(places >= 0, places < n)


def fill(xp: Any, dtype: Any) -> Any:
    """Entry for an index that is outside."""
    if xp.isdtype(dtype, "integral"):
        info = xp.iinfo(dtype)
        return info.min if info.min < 0 else info.max
    return True if xp.isdtype(dtype, "bool") else math.nan


def check_gather(x: Any, index: Any, axis: int) -> int:
    """Refuse what does not fit; return the axis counted from the front."""
    ndim = len(x.shape)
    if not hasattr(index, "dtype") or not array_namespace(x, index).isdtype(index.dtype, "integral"):
        message = f"expected an index of integers, got {getattr(index, 'dtype', type(index).__name__)}"
        raise TypeError(message)
    if not -ndim <= axis < ndim:
        message = f"`axis` must be in [{-ndim}, {ndim}), got {axis}"
        raise ValueError(message)
    return axis % ndim
