"""Random masks by a loop that Numba compiles."""

from numba import njit, uint32

from ._random_numba import registers, word

__all__ = ["drop", "keep"]


@njit(cache=True, nogil=True)
def keep(out, schedule, high, low, threshold):
    """Whether the words of the counters (high, low), (high, low + 1), ... are less than the threshold."""
    words = registers(schedule)
    for i in range(len(out)):
        out[i] = word(words, high, uint32(low + uint32(i))) < threshold


@njit(cache=True, nogil=True)
def drop(x, y, schedule, high, low, threshold, scale):
    """Entries times ``scale`` where the word is less than the threshold, else zero."""
    words, zero = registers(schedule), x.dtype.type(0)
    for i in range(len(x)):
        scaled = x[i] * scale
        y[i] = scaled if word(words, high, uint32(low + uint32(i))) < threshold else zero
