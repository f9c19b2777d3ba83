"""What GELU does before and after the hyperbolic tangent, in loops that Numba compiles."""

from numba import njit

__all__ = ["argument", "value"]


@njit(cache=True, nogil=True)
def argument(x, y, cubic, slope):
    for i in range(len(x)):
        y[i] = (x[i] * x[i] * cubic + slope) * x[i]


@njit(cache=True, nogil=True)
def value(x, y, half):
    for i in range(len(x)):
        y[i] = (y[i] * half + half) * x[i]
