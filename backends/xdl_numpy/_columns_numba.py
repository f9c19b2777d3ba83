"""Loops over matrices, of which the columns are channels, compiled by Numba."""

import numpy as np
from numba import njit

__all__ = ["moments", "pull", "scale", "sums"]

# sums in any order, as vectors need it; NaN and infinity stay what they are
FAST = {"reassoc", "contract", "arcp", "nsz"}


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def moments(x, mean, squares, step):
    """Mean and sum of squares about it for every column, put together from blocks of ``step`` rows."""
    rows, columns = x.shape
    m = np.empty(columns, x.dtype)
    s = np.empty(columns, x.dtype)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        n = stop - start
        m[:] = 0
        s[:] = 0
        for i in range(start, stop):
            for j in range(columns):
                m[j] += x[i, j]
        for j in range(columns):
            m[j] /= x.dtype.type(n)
        for i in range(start, stop):
            for j in range(columns):
                d = x[i, j] - m[j]
                s[j] += d * d
        for j in range(columns):
            away = m[j] - mean[j]
            squares[j] += s[j] + away * away * (start * n / (start + n))
            mean[j] += away * (n / (start + n))


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def scale(x, mean, factor, bias, y):
    """Write ``(x - mean) * factor + bias`` to ``y``."""
    rows, columns = x.shape
    for i in range(rows):
        for j in range(columns):
            y[i, j] = (x[i, j] - mean[j]) * factor[j] + bias[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def sums(dy, x, mean, found, step):
    """Column sums of ``dy`` and of ``dy * (x - mean)``."""
    rows, columns = x.shape
    a = np.empty(columns, x.dtype)
    b = np.empty(columns, x.dtype)
    for start in range(0, rows, step):
        a[:] = 0
        b[:] = 0
        for i in range(start, min(start + step, rows)):
            for j in range(columns):
                a[j] += dy[i, j]
                b[j] += dy[i, j] * (x[i, j] - mean[j])
        for j in range(columns):
            found[0, j] += a[j]
            found[1, j] += b[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def pull(dy, x, mean, shift, slope, factor, dx):
    """Write ``dy * factor + (x - mean) * slope + shift`` to ``dx``."""
    rows, columns = x.shape
    for i in range(rows):
        for j in range(columns):
            dx[i, j] = dy[i, j] * factor[j] + (x[i, j] - mean[j]) * slope[j] + shift[j]
