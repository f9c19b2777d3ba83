"""The product of a sparse matrix, as a list of its entries, with a vector."""

from xdl.autodiff import scatter_add
from xdl.core import Array, array_namespace, generic

__all__ = ["expected_next"]


@generic
def expected_next(probability: Array, target: Array, row: Array, start: Array, value: Array, /) -> Array:
    """Sum of ``probability * value[target]`` over the entries of each row.

    Parameters
    ----------
    probability : (edges,) array
        Entries, row by row.
    target, row : (edges,) array of integers
        Their columns and rows.
    start : (rows + 1,) array of integers
        Place of the first entry of each row, and the number of entries.
    value : (columns,) array
        Vector.

    Returns
    -------
    (rows,) array
    """
    xp = array_namespace(probability, value)
    return scatter_add(probability * xp.take(value, target), row, size=start.shape[0] - 1)
