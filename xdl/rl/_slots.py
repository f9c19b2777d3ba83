"""Rows written into a large table."""

from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

__all__ = ["put_rows"]


@generic
def put_rows(table: Array, slots: Array, rows: Array, /) -> Array:
    """Table with some of its rows replaced; the caller gives up the memory of ``table``.

    Parameters
    ----------
    table : (entries, ...) array
        Rows.
    slots : (n,) array of integers
        Places in [0, entries). Equal ones must get equal rows: which of several is written is not said.
    rows : (n, ...) array
        What is written there, of the dtype of ``table``.

    Returns
    -------
    (entries, ...) array
        Where arrays can be written to, ``table`` itself.
    """
    xp = array_namespace(table, slots, rows)
    order = xp.argsort(slots)
    ordered = xp.take(slots, order)
    places = xp.arange(table.shape[0], dtype=slots.dtype, device=device_of(slots))
    # the standard writes to no array of places: each entry looks for its own among them
    near = xp.searchsorted(ordered, places)
    near = xp.minimum(near, xp.full_like(near, slots.shape[0] - 1))
    found = xp.reshape(xp.take(ordered, near) == places, (-1, *(1,) * (table.ndim - 1)))
    return xp.where(found, xp.take(rows, xp.take(order, near), axis=0), table)
