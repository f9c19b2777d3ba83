"""What each window's largest entry is given, in one loop that Numba compiles."""

from numba import njit

__all__ = ["give"]


@njit(cache=True, nogil=True)
def give(d, x, y, dx, kernel):
    """Give entries of ``d`` (a, m, b) to the first of ``kernel`` entries of ``x`` (a, m, kernel, b) not below ``y``.

    What no other takes is left to the last one; the rest of ``dx`` is zero.
    """
    last = kernel - 1
    for i in range(d.shape[0]):
        for p in range(d.shape[1]):
            for j in range(d.shape[2]):
                dx[i, p * kernel + last, j] = d[i, p, j]
            for k in range(last):
                for j in range(d.shape[2]):
                    rest = dx[i, p * kernel + last, j]
                    below = x[i, p * kernel + k, j] < y[i, p, j]
                    dx[i, p * kernel + k, j] = 0 if below else rest
                    dx[i, p * kernel + last, j] = rest if below else 0
