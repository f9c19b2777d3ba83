"""Reductions of rows that belong to the same segment, such as the nodes of one graph of many."""

import math
from typing import Any

from xdl.autodiff import rule, scatter_add, stop_gradient
from xdl.autodiff._scatter import check_scatter, combine_rows
from xdl.core import Array, array_namespace, generic

from ._gather import rows_at
from ._precision import narrow, widen
from ._softmax import largest

__all__ = ["segment_max", "segment_mean", "segment_min", "segment_prod", "segment_softmax", "segment_sum"]


def segment_sum(x: Array, segments: Array, /, *, num_segments: int) -> Array:
    """Sum of the rows of each segment.

    Parameters
    ----------
    x : array of shape (*segments.shape, ...)
        One row for each entry of ``segments``.
    segments : array of integers
        To which segment each row belongs, in any order and of any shape. A row whose segment is outside of
        ``[0, num_segments)``, a negative one too, belongs to none.
    num_segments : int
        Number of segments, which a compiler must know.

    Returns
    -------
    (num_segments, ...) array
        0 for a segment without rows.
    """
    return scatter_add(x, segments, size=num_segments)


def segment_mean(x: Array, segments: Array, /, *, num_segments: int) -> Array:
    """Mean of the rows of each segment; 0 for a segment without rows.

    Parameters
    ----------
    x, segments, num_segments
        As for `segment_sum`.

    Returns
    -------
    (num_segments, ...) array
    """
    xp = array_namespace(x, segments)
    z = widen(xp, x)
    total = scatter_add(z, segments, size=num_segments)
    count = scatter_add(xp.ones_like(segments, dtype=z.dtype), segments, size=num_segments)
    count = xp.reshape(xp.where(count == 0, 1.0, count), (num_segments, *(1,) * (len(total.shape) - 1)))
    return narrow(xp, xp.divide(total, count), x)


def segment_max(x: Array, segments: Array, /, *, num_segments: int) -> Array:
    """Maximum of the rows of each segment, entry by entry.

    Parameters
    ----------
    x, segments, num_segments
        As for `segment_sum`.

    Returns
    -------
    (num_segments, ...) array
        -inf for a segment without rows; of integers the least there is. NaN wins. Entries that tie share
        the derivative equally.
    """
    return segment_extremum(x, segments, num_segments=num_segments, largest=True)


def segment_min(x: Array, segments: Array, /, *, num_segments: int) -> Array:
    """Minimum of the rows of each segment, entry by entry.

    Parameters
    ----------
    x, segments, num_segments
        As for `segment_sum`.

    Returns
    -------
    (num_segments, ...) array
        inf for a segment without rows; of integers the largest there is. NaN wins. Entries that tie share
        the derivative equally.
    """
    return segment_extremum(x, segments, num_segments=num_segments, largest=False)


@generic
def segment_extremum(x: Array, segments: Array, /, *, num_segments: int, largest: bool) -> Array:
    """Maximum or minimum of the rows of each segment."""
    xp = array_namespace(x, segments)
    rows, places = check_scatter(xp, x, segments, num_segments)
    combine = xp.maximum if largest else xp.minimum
    return combine_rows(xp, rows, places, num_segments, combine, neutral(xp, x.dtype, largest))


def neutral(xp: Any, dtype: Any, largest: bool) -> Any:
    """What no entry is less than, or no entry is greater than."""
    if xp.isdtype(dtype, "integral"):
        return xp.iinfo(dtype).min if largest else xp.iinfo(dtype).max
    return -math.inf if largest else math.inf


def _pull(
    xp: Any, dy: Array, y: Array, x: Array, segments: Array, *, num_segments: int, largest: bool
) -> Array:
    back = lambda rows: rows_at(rows, segments, axis=0, from_end=False)
    if not num_segments or 0 in x.shape:
        return xp.zeros_like(x)
    hit = xp.astype(xp.equal(x, back(y)), dy.dtype)
    count = scatter_add(hit, segments, size=num_segments)
    share = xp.divide(dy, xp.where(count == 0, 1.0, count))
    return xp.where(hit > 0, back(share), 0.0)


rule(segment_extremum, pullback=(_pull, None))


@generic
def segment_prod(x: Array, segments: Array, /, *, num_segments: int) -> Array:
    """Product of the rows of each segment, entry by entry; 1 for a segment without rows.

    Parameters
    ----------
    x, segments, num_segments
        As for `segment_sum`.

    Returns
    -------
    (num_segments, ...) array
        Its derivative is right where entries are 0, too.
    """
    xp = array_namespace(x, segments)
    rows, places = check_scatter(xp, x, segments, num_segments)
    return combine_rows(xp, rows, places, num_segments, xp.multiply, 1)


def segment_softmax(x: Array, segments: Array, /, *, num_segments: int) -> Array:
    """Exponentials of the rows divided by their sum over the segment, entry by entry, without overflow.

    Parameters
    ----------
    x, segments, num_segments
        As for `segment_sum`.

    Returns
    -------
    array of the shape of x
        In each segment the entries sum to 1. A segment that is -inf throughout gives zeros, and so do rows
        that belong to no segment; an entry of +inf counts as the largest finite number, as in `softmax`.
    """
    xp = array_namespace(x, segments)
    check_scatter(xp, x, segments, num_segments)
    if 0 in x.shape or not num_segments:
        return xp.zeros_like(x)
    rank = len(x.shape) - len(segments.shape)
    inside = xp.reshape(
        xp.logical_and(segments >= 0, segments < num_segments), (*segments.shape, *(1,) * rank)
    )
    back = lambda rows: xp.where(inside, rows_at(rows, segments, axis=0, from_end=False), 0.0)
    z, limit = widen(xp, x), largest(xp, x)
    z = xp.where(z > limit, limit, z)
    # constant in its derivative, which does not depend on the shift
    m = segment_max(stop_gradient(z), segments, num_segments=num_segments)
    z = xp.where(inside, z - back(xp.where(m == -math.inf, 0.0, m)), -math.inf)
    e = xp.exp(z)
    s = scatter_add(e, segments, size=num_segments)
    return narrow(xp, xp.divide(e, xp.where(inside, back(xp.where(s == 0, 1.0, s)), 1.0)), x)
