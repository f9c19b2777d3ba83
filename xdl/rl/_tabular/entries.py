"""Changes of a few entries of a large table."""

from xdl.autodiff import scatter_add
from xdl.core import Array, array_namespace, generic

__all__ = ["set_entries"]


@generic
def set_entries(table: Array, index: Array, value: Array, /) -> Array:
    """Table with other numbers at some of its places; the caller gives up the memory of ``table``.

    Parameters
    ----------
    table : (entries,) array
        Numbers.
    index : (n,) array of integers
        Places, no two alike.
    value : (n,) array
        What stands there from now on.

    Returns
    -------
    (entries,) array
        Where arrays can be written to, ``table`` itself.
    """
    xp, size = array_namespace(table), table.shape[0]
    hit = scatter_add(xp.ones_like(value), index, size=size) > 0
    return xp.where(hit, scatter_add(value, index, size=size), table)
