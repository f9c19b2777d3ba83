"""Sums of rows that share an index: the transpose of a gather."""

from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

from ._registry import linear

__all__ = ["scatter_add"]


@generic
def scatter_add(values: Array, index: Array, /, *, size: int) -> Array:
    """Add rows into an array of zeros, at the places an index names; equal indices add up.

    Parameters
    ----------
    values : (k, ...) array
        Rows.
    index : (k,) integer array
        Row of the result for each row of ``values``, from 0 to ``size - 1``.
    size : int
        Number of rows of the result.

    Returns
    -------
    (size, ...) array
        Row ``i`` is the sum of the rows of ``values`` whose index is ``i``.

    Notes
    -----
    The portable definition multiplies by a matrix of zeros and ones, so it needs ``size * k`` elements of
    memory, and an infinite row spoils its column.
    """
    xp = array_namespace(values, index)
    rows = xp.reshape(xp.arange(size, dtype=index.dtype, device=device_of(index)), (size, 1))
    selected = xp.astype(rows == xp.reshape(index, (1, -1)), values.dtype)
    # the length is spelled out: -1 is ambiguous where there are no rows
    width = 1
    for n in values.shape[1:]:
        width *= n
    flat = xp.reshape(values, (values.shape[0], width))
    return xp.reshape(selected @ flat, (size, *values.shape[1:]))


linear(scatter_add, lambda xp, dy, values, index, *, size: xp.take(dy, index, axis=0))
