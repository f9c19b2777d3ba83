"""Unbuffered operations at places named by an index: rows met in any number and order."""

import numpy as np

from ._numba import loops

__all__ = ["at", "inside"]

BLOCK = 1 << 15
LARGE = 1 << 18  # numbers from which a compiled loop pays
_COMPILED = {np.add: "add", np.maximum: "maximum", np.minimum: "minimum"}


def inside(rows, places, size):
    """Rows and places without those outside of ``[0, size)``."""
    places = places.astype(np.intp, copy=False)
    if places.size and (places.min() < 0 or places.max() >= size):
        kept = (places >= 0) & (places < size)
        rows, places = rows[kept], places[kept]
    return rows, places


def at(operation, result, rows, places):
    """``result[place] = operation(result[place], row)`` for each row, in place.

    NumPy has a fast loop for single numbers alone, five times as fast as that for rows: so rows are taken
    apart, a block at a time.
    """
    width = result[0].size
    compiled = loops("scatter", rows.size, least=LARGE) if rows.dtype.char in "fd" else None
    if compiled is not None and operation in _COMPILED:
        places, rows = np.ascontiguousarray(places), np.ascontiguousarray(rows).reshape(-1, width)
        getattr(compiled, _COMPILED[operation])(result.reshape(-1, width), places, rows)
        return
    if width == 1:
        operation.at(result.reshape(-1), places, rows.reshape(-1))
        return
    flat, step, columns = result.reshape(-1), max(1, BLOCK // max(1, width)), np.arange(width)
    space = np.empty((min(step, len(rows)), width), np.intp)
    for start in range(0, len(rows), step):
        some = places[start : start + step]
        target = space[: len(some)]
        np.add((some * width)[:, None], columns, out=target)
        operation.at(flat, target.reshape(-1), np.ascontiguousarray(rows[start : start + step]).reshape(-1))
