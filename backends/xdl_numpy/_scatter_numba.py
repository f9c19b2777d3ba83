"""Sums of rows that share an index, in a loop that Numba compiles."""

from numba import njit

__all__ = ["add"]


@njit(cache=True, nogil=True)
def add(result, places, rows):
    for i in range(len(places)):
        at = places[i]
        for j in range(rows.shape[1]):
            result[at, j] += rows[i, j]
