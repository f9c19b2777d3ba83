"""Products of sparse matrices in a loop that Numba compiles."""

from numba import njit

__all__ = ["sums"]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def sums(probability, target, start, value, result, first, last):
    for i in range(first, last):
        total = value.dtype.type(0)
        for k in range(start[i], start[i + 1]):
            total += probability[k] * value[target[k]]
        result[i] = total
