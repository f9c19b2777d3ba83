"""Sums and extrema of rows that share an index, in loops that Numba compiles."""

from numba import njit

__all__ = ["add", "maximum", "minimum"]


@njit(cache=True, nogil=True)
def add(result, places, rows):
    for i in range(len(places)):
        at = places[i]
        for j in range(rows.shape[1]):
            result[at, j] += rows[i, j]


@njit(cache=True, nogil=True)
def maximum(result, places, rows):
    for i in range(len(places)):
        at = places[i]
        for j in range(rows.shape[1]):
            x = rows[i, j]
            if x > result[at, j] or x != x:  # NaN wins, and nothing is greater
                result[at, j] = x


@njit(cache=True, nogil=True)
def minimum(result, places, rows):
    for i in range(len(places)):
        at = places[i]
        for j in range(rows.shape[1]):
            x = rows[i, j]
            if x < result[at, j] or x != x:
                result[at, j] = x
