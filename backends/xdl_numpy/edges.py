"""Products of sparse matrices with NumPy, in blocks that stay in the cache."""

import numpy as np

from xdl.rl._edges import expected_next

from ._memory import empty
from ._numba import loops
from ._threads import share

BLOCK = 1 << 15  # entries: their products stay in the cache, and calls cost little beside them
OPERATIONS = 8  # of an entry: it is the memory that takes the time


def _sorted_rows(probability, target, row, start, value, /):
    return probability.dtype.char in "fd" and probability.dtype == value.dtype and len(probability) > 0


@expected_next.method("numpy", when=_sorted_rows)
def _(probability, target, row, start, value, /):
    sums = np.empty(len(start) - 1, value.dtype)
    compiled = loops("edges", probability.size)
    if compiled is not None:
        work = lambda first, last: compiled.sums(probability, target, start, value, sums, first, last)
    else:
        work = lambda first, last: _in_blocks(probability, target, start, value, sums, first, last)
    share(work, len(sums), operations=OPERATIONS * probability.size)
    return sums


def _in_blocks(probability, target, start, value, sums, first, last):
    # where each block of rows ends: at most BLOCK entries, but a row at least
    space = empty((BLOCK,), value.dtype)
    while first < last:
        a = start[first]
        stop = min(last, max(first + 1, int(np.searchsorted(start, a + BLOCK, side="right")) - 1))
        b = start[stop]
        products = space[: b - a] if b - a <= BLOCK else empty((int(b - a),), value.dtype)
        # indices were checked when the process was made
        np.take(value, target[a:b], out=products, mode="clip")
        np.multiply(products, probability[a:b], out=products)
        starts = start[first:stop] - a
        filled = starts < start[first + 1 : stop + 1] - a
        if filled.all():
            np.add.reduceat(products, starts, out=sums[first:stop])
        else:
            part = sums[first:stop]
            part[...] = 0
            if filled.any():
                part[filled] = np.add.reduceat(products, starts[filled])
        first = stop
