"""Threefry and quantile functions in loops that Numba compiles."""

import numpy as np
from numba import int64, njit, uint32, uint64

__all__ = ["encrypt", "polynomial", "registers", "word"]

PART = 1024  # numbers whose arguments fit in the first-level cache

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
def registers(s):
    """Schedule of a key, out of its array."""
    return s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]


@njit(inline="always")
def pair(schedule, high, low):
    """Both halves of the cipher of a counter, for a schedule in registers."""
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
    return uint32(x0 + k2), uint32(x1 + schedule[7])


@njit(inline="always")
def word(schedule, high, low):
    """Random word of a counter: both halves of the cipher, added without carry."""
    x0, x1 = pair(schedule, high, low)
    return uint32(x0 ^ x1)


@njit(cache=True, nogil=True)
def encrypt(schedule, x0, x1):
    """Encrypt the counters in place."""
    words = registers(schedule)
    for i in range(len(x0)):
        x0[i], x1[i] = pair(words, x0[i], x1[i])


@njit(cache=True, nogil=True)
def polynomial(v, half, rows, k, c0, c1, c2, c3, y):
    """Cubic polynomials by the segment of the words ``v``, of tables of ``rows`` segments in each half."""
    segments, arguments = np.empty(PART, np.uint64), np.empty(PART, np.int64)
    octave = uint64(52 - k)
    of_octave, rest = uint64((1 << k) - 1), uint64((1 << (52 - k)) - 1)
    for start in range(0, len(v), PART):
        n = min(PART, len(v) - start)
        # two loops: a processor that gathers slowly works on single numbers only where tables are read
        for i in range(n):
            # the bits of the double hold the place of the leading one, and behind it the word, normalized
            bits = np.float64(v[start + i]).view(np.uint64)
            segments[i] = ((uint64(1023 + 31) - (bits >> uint64(52))) << uint64(k)) | (
                (bits >> octave) & of_octave
            )
            arguments[i] = int64((bits & rest) >> uint64(20 - k))
        if len(half):
            for i in range(n):
                segments[i] += uint64(half[start + i]) * uint64(rows)
        for i in range(n):
            s, t = segments[i], arguments[i]
            z = c2[s] - ((c3[s] * t) >> 32)
            z = c1[s] - ((z * t) >> 32)
            y[start + i] = c0[s] - ((z * t) >> 32)
