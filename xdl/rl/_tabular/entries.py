"""Changes of a few entries of a large table."""

from xdl.autodiff import scatter_add
from xdl.core import Array, generic

__all__ = ["add_entries"]


@generic
def add_entries(table: Array, index: Array, change: Array, /) -> Array:
    """Table with numbers added to some of its entries; the caller gives up the memory of ``table``.

    Parameters
    ----------
    table : (entries,) array
        Numbers.
    index : (n,) array of integers
        Places, no two alike.
    change : (n,) array
        What is added there.

    Returns
    -------
    (entries,) array
        Where arrays can be written to, ``table`` itself.
    """
    return table + scatter_add(change, index, size=table.shape[0])
