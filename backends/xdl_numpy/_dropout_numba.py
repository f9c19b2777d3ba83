"""Random masks by a loop that Numba compiles."""

from numba import njit, uint32

__all__ = ["drop", "keep"]

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


@njit(inline="always")
def _word(schedule, high, low):
    """Random word of a counter, for a schedule in registers: both halves of the cipher, added without carry."""
    k0, k1, k2 = schedule[0], schedule[1], schedule[2]
    x0, x1 = uint32(high + k0), uint32(low + k1)
    x0, x1 = _four(x0, x1, 13, 15, 26, 6)
    x0, x1 = uint32(x0 + k1), uint32(x1 + schedule[3])
    x0, x1 = _four(x0, x1, 17, 29, 16, 24)
    x0, x1 = uint32(x0 + k2), uint32(x1 + schedule[4])
    x0, x1 = _four(x0, x1, 13, 15, 26, 6)
    x0, x1 = uint32(x0 + k0), uint32(x1 + schedule[5])
    x0, x1 = _four(x0, x1, 17, 29, 16, 24)
    x0, x1 = uint32(x0 + k1), uint32(x1 + schedule[6])
    x0, x1 = _four(x0, x1, 13, 15, 26, 6)
    return uint32(uint32(x0 + k2) ^ uint32(x1 + schedule[7]))


@njit(inline="always")
def _registers(s):
    return s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]


@njit(cache=True, nogil=True)
def keep(out, schedule, high, low, threshold):
    """Whether the words of the counters (high, low), (high, low + 1), ... are less than the threshold."""
    words = _registers(schedule)
    for i in range(len(out)):
        out[i] = _word(words, high, uint32(low + uint32(i))) < threshold


@njit(cache=True, nogil=True)
def drop(x, y, schedule, high, low, threshold, scale):
    """Entries times ``scale`` where the word is less than the threshold, else zero."""
    words, zero = _registers(schedule), x.dtype.type(0)
    for i in range(len(x)):
        scaled = x[i] * scale
        y[i] = scaled if _word(words, high, uint32(low + uint32(i))) < threshold else zero
