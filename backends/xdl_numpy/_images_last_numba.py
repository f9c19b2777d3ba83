"""Sums of what places give to what they see, in one loop that Numba compiles."""

from numba import njit

__all__ = ["add"]


@njit(cache=True, nogil=True)
def add(dx, given, meetings):
    """Add rows of ``given`` (taps, c, rows, columns) to rows of ``dx`` (c, rows, columns).

    For each tap ``meetings`` has the first row of ``dx``, the step to the next and how many, the first row of
    ``given``, the first columns of both, and how many.
    """
    for c in range(dx.shape[0]):
        for tap in range(len(meetings)):
            seen, step, rows, place, first, other, columns = meetings[tap]
            for i in range(rows):
                into = dx[c, seen + i * step, first : first + columns]
                row = given[tap, c, place + i, other : other + columns]
                for j in range(columns):
                    into[j] += row[j]
