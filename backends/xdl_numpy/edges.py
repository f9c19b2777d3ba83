"""Products of sparse matrices: SciPy's where it is installed, else NumPy's in blocks that stay in the cache."""

import functools

import numpy as np

from xdl.rl._edges import expected_next

from ._memory import empty
from ._threads import share

LARGE = 1 << 18  # entries from which SciPy's import pays
BLOCK = 1 << 15  # entries: their products stay in the cache, and calls cost little beside them
OPERATIONS = 8  # of an entry: it is the memory that takes the time


def _sorted_rows(probability, target, row, start, value, /):
    return probability.dtype.char in "fd" and probability.dtype == value.dtype and len(probability) > 0


@expected_next.method("numpy", when=_sorted_rows)
def _(probability, target, row, start, value, /):
    count = len(start) - 1
    sums = np.empty(count, value.dtype)
    csr_array = _scipys() if len(probability) >= LARGE else None
    if csr_array is not None:
        work = lambda first, last: _by_scipy(csr_array, probability, target, start, value, sums, first, last)
    elif (np.diff(start) == start[1]).all():
        table = probability.reshape(count, -1), target.reshape(count, -1)
        work = lambda first, last: _of_equal_rows(*table, value, sums, first, last)
    else:
        work = lambda first, last: _in_blocks(probability, target, start, value, sums, first, last)
    share(work, count, operations=OPERATIONS * probability.size)
    return sums


@functools.cache
def _scipys():
    try:
        from scipy.sparse import csr_array
    except ImportError:
        return None
    return csr_array


def _by_scipy(csr_array, probability, target, start, value, sums, first, last):
    a, b = start[first], start[last]
    rows = probability[a:b], target[a:b], start[first : last + 1] - a
    sums[first:last] = csr_array(rows, shape=(last - first, len(value))) @ value


def _of_equal_rows(probability, target, value, sums, first, last):
    length = probability.shape[1]
    step = max(1, BLOCK // length)
    space = empty((step, length), value.dtype)
    for a in range(first, last, step):
        rows = slice(a, min(a + step, last))
        ahead = space[: rows.stop - a]
        # indices were checked when the process was made
        np.take(value, target[rows], out=ahead, mode="wrap")
        np.einsum("ij,ij->i", ahead, probability[rows], out=sums[rows])


def _in_blocks(probability, target, start, value, sums, first, last):
    # where each block of rows ends: at most BLOCK entries, but a row at least
    space = empty((BLOCK,), value.dtype)
    while first < last:
        a = start[first]
        stop = min(last, max(first + 1, int(np.searchsorted(start, a + BLOCK, side="right")) - 1))
        b = start[stop]
        products = space[: b - a] if b - a <= BLOCK else empty((int(b - a),), value.dtype)
        # indices were checked when the process was made
        np.take(value, target[a:b], out=products, mode="wrap")
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
