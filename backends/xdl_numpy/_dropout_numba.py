"""Random masks by a loop that Numba compiles."""

from numba import njit, uint32

__all__ = ["keep"]

# Numba makes 64 bits of every sum of 32: what is taken back to 32 at once stays in vectors of 32.


@njit(inline="always")
def _round(x0, x1, r):
    x0 = uint32(x0 + x1)
    x1 = uint32(uint32(x1 << uint32(r)) | uint32(x1 >> uint32(32 - r)))
    return x0, uint32(x1 ^ x0)


@njit(inline="always")
def _four(x0, x1, a, b, c, d):
    x0, x1 = _round(x0, x1, a)
    x0, x1 = _round(x0, x1, b)
    x0, x1 = _round(x0, x1, c)
    return _round(x0, x1, d)


@njit(cache=True, nogil=True)
def keep(out, schedule, high, low, threshold):
    """Whether the words of the counters (high, low), (high, low + 1), ... are less than the threshold."""
    k0, k1, k2, a1, a2, a3, a4, a5 = (
        schedule[0],
        schedule[1],
        schedule[2],
        schedule[3],
        schedule[4],
        schedule[5],
        schedule[6],
        schedule[7],
    )
    first = uint32(high + k0)
    for i in range(len(out)):
        x0, x1 = first, uint32(uint32(low + uint32(i)) + k1)
        x0, x1 = _four(x0, x1, 13, 15, 26, 6)
        x0, x1 = uint32(x0 + k1), uint32(x1 + a1)
        x0, x1 = _four(x0, x1, 17, 29, 16, 24)
        x0, x1 = uint32(x0 + k2), uint32(x1 + a2)
        x0, x1 = _four(x0, x1, 13, 15, 26, 6)
        x0, x1 = uint32(x0 + k0), uint32(x1 + a3)
        x0, x1 = _four(x0, x1, 17, 29, 16, 24)
        x0, x1 = uint32(x0 + k1), uint32(x1 + a4)
        x0, x1 = _four(x0, x1, 13, 15, 26, 6)
        x0, x1 = uint32(x0 + k2), uint32(x1 + a5)
        out[i] = uint32(x0 ^ x1) < threshold
