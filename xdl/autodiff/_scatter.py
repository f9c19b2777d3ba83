"""Sums of rows that share an index: the transpose of a gather."""

import math
from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace, generic

from ._registry import linear

__all__ = ["scatter_add"]


@generic
def scatter_add(values: Array, index: Array, /, *, size: int) -> Array:
    """Add rows into an array of zeros, at the places an index names; equal indices add up.

    Parameters
    ----------
    values : array of shape (*index.shape, ...)
        One row for each index.
    index : array of integers
        Row of the result for each row of ``values``, of any shape. What is outside of
        ``[0, size)`` is added nowhere, on every backend; negative integers do not count from the end.
    size : int
        Number of rows of the result.

    Returns
    -------
    (size, ...) array
        Row ``i`` is the sum of the rows of ``values`` whose index is ``i``; in half precision it is taken
        in float32.

    Notes
    -----
    The portable definition sorts, because the standard has no scatter: it passes over the rows as many
    times as their number has binary digits.
    """
    xp = array_namespace(values, index)
    rows, places = check_scatter(xp, values, index, size)
    narrow = xp.isdtype(rows.dtype, "real floating") and xp.finfo(rows.dtype).bits < 32
    wide = xp.astype(rows, xp.float32) if narrow else rows
    y = combine_rows(xp, wide, places, size, xp.add, 0)
    return xp.astype(y, rows.dtype) if narrow else y


def _gathered(xp: Any, dy: Array, values: Array, index: Array, *, size: int) -> Array:
    if not size or not math.prod(values.shape):
        return xp.zeros_like(values)
    places = positions(xp, index)
    inside = xp.logical_and(places >= 0, places < size)
    rows = xp.take(dy, xp.reshape(xp.where(inside, places, 0), (-1,)), axis=0)
    inside = xp.reshape(inside, (*index.shape, *(1,) * (len(values.shape) - len(index.shape))))
    return xp.where(inside, xp.reshape(rows, values.shape), 0.0)


linear(scatter_add, _gathered)


def check_scatter(xp: Any, values: Array, index: Array, size: int) -> tuple[Array, Array]:
    """Refuse what does not fit; return the rows and their places, each along one axis."""
    if not xp.isdtype(index.dtype, "integral"):
        message = f"expected an index of integers, got {index.dtype}"
        raise TypeError(message)
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        message = f"expected a number of rows, an integer that is not negative, got {size!r}"
        raise ValueError(message)
    shape, rank = tuple(index.shape), len(index.shape)
    if tuple(values.shape[:rank]) != shape:
        message = (
            f"expected values of shape {shape} and more, one row for each index, got {tuple(values.shape)}"
        )
        raise ValueError(message)
    count = math.prod(shape)
    rows = values if rank == 1 else xp.reshape(values, (count, *values.shape[rank:]))
    return rows, positions(xp, index if rank == 1 else xp.reshape(index, (count,)))


def positions(xp: Any, index: Array) -> Array:
    """Return integers in a signed type that holds every position; a type of few bits may not."""
    if index.dtype in (xp.int32, xp.int64):
        return index
    return xp.astype(index, xp.arange(0).dtype)


def combine_rows(
    xp: Any, rows: Array, places: Array, size: int, combine: Callable[[Array, Array], Array], identity: Any
) -> Array:
    """Combine the rows that share a place, by an associative function of two arrays of rows.

    After a stable sort, equal places stand together. Each pass combines every row with the one that
    stands twice as far before it as in the last pass, if that has the same place; in the end the last row
    of each place has met all others. No row meets one of another place, so infinities stay where they are.
    """
    k, rest = rows.shape[0], tuple(rows.shape[1:])
    device = getattr(places, "device", None)  # a tracer of JAX has none
    if not k or not size:
        return xp.full((size, *rest), identity, dtype=rows.dtype, device=device)
    order = xp.argsort(places, stable=True)
    places, y = xp.take(places, order, axis=0), xp.take(rows, order, axis=0)
    column = lambda x: xp.reshape(x, (-1, *(1,) * len(rest)))
    distance = 1
    while distance < k:
        same = column(places[distance:] == places[:-distance])
        later = y[distance:, ...]
        later = xp.where(same, combine(y[:-distance, ...], later), later)
        y = xp.concat([y[:distance, ...], later], axis=0)
        distance *= 2
    wanted = xp.arange(size, dtype=places.dtype, device=device)
    last = xp.searchsorted(places, wanted, side="right") - 1
    last = xp.where(last < 0, 0, last)
    found = column(xp.take(places, last, axis=0) == wanted)
    return xp.where(found, xp.take(y, last, axis=0), identity)
