"""Work on large arrays block by block, so that what is between two passes stays in the cache."""

import math

import numpy as np

from ._memory import SMALLEST, empty
from ._threads import share

__all__ = ["BLOCK", "along", "elementwise", "is_real", "like", "nonempty_rows", "selected"]

# elements; a few buffers of as many fit in the second-level cache
BLOCK = 1 << 15


def is_real(x):
    """Whether the dtype is float32 or float64; others go to the portable definitions."""
    return x.dtype.char in "fd"


def nonempty_rows(x, axis):
    """Whether ``x`` is a nonempty array of floats with rows along ``axis``."""
    return is_real(x) and x.ndim > 0 and x.size > 0


def like(x, dtype):
    """Memory for a result of the shape and the memory order of ``x``; None where NumPy does as well by itself."""
    if x.size * dtype.itemsize < SMALLEST:
        return None
    if x.flags.c_contiguous:
        return empty(x.shape, dtype)
    axes = _order(x)
    inverse = [0] * x.ndim
    for k, axis in enumerate(axes):
        inverse[axis] = k
    return empty(tuple([x.shape[k] for k in axes]), dtype).transpose(inverse)


def _order(x):
    """Axes of an array from the longest stride to the shortest: the order of NumPy's results, order="K"."""
    return sorted(range(x.ndim), key=lambda k: -abs(x.strides[k]))


def _fills(x, axes):
    """Whether the entries of ``x`` follow one another in memory, in the order of ``axes``."""
    step = x.itemsize
    for k in reversed(axes):
        if x.strides[k] != step and x.shape[k] != 1:
            return False
        step *= x.shape[k]
    return True


def elementwise(kernel, x, *rest, results=1, scratch=0):
    """Run ``kernel(x, *rest, *results, *scratch)`` on blocks; return the results, arrays like ``x``.

    The arrays ``rest`` have the shape of ``x``, and so have the buffers of a kernel. Large arrays in another
    memory order than the results are copied, and threads share the blocks.
    """
    if results == 1 and not scratch and x.nbytes < SMALLEST:  # the way of most calls
        y = np.empty_like(x, subok=False)
        kernel(x, *rest, y)
        return y
    made = []
    for _ in range(results):
        y = like(x, x.dtype)
        made.append(np.empty_like(x, subok=False) if y is None else y)
    if x.size <= BLOCK:
        kernel(x, *rest, *made, *[np.empty_like(made[0]) for _ in range(scratch)])
    else:
        axes = None if made[0].flags.c_contiguous else _order(made[0])
        flat = [_flat(a, axes) for a in (x, *rest, *made)]
        size = x.size

        def work(start, stop):
            buffers = [np.empty(BLOCK, x.dtype) for _ in range(scratch)]
            for first in range(start * BLOCK, min(stop * BLOCK, size), BLOCK):
                last = min(first + BLOCK, size)
                kernel(*[a[first:last] for a in flat], *[b[: last - first] for b in buffers])

        share(work, math.ceil(size / BLOCK), operations=OPERATIONS * size)
    return made[0] if results == 1 else tuple(made)


# what an entry counts for in the decision about threads: about half a nanosecond
OPERATIONS = 20


def _flat(a, axes):
    if axes is None:
        return np.ascontiguousarray(a).reshape(-1)
    if not _fills(a, axes):
        a = np.ascontiguousarray(a.transpose(axes))
        return a.reshape(-1)
    return a.transpose(axes).reshape(-1)


def selected(condition, yes, no, out):
    """Write one of two constants for each entry of a boolean array, much faster than ``where``.

    ``out`` is of floats; the bits of the constants are integers, whose arithmetic is exact.
    """
    bits = np.dtype(f"i{out.itemsize}").type
    yes, no = (out.dtype.type(v).view(bits) for v in (yes, no))
    integers = out.view(bits)
    with np.errstate(over="ignore"):  # differences of integers may wrap around, and back
        np.multiply(condition, yes - no, out=integers)
        np.add(integers, no, out=integers)


def along(kernel, axis, x, other):
    """Run ``kernel(axis, x, other, y)`` on blocks of rows; return ``y``, an array like ``x``."""
    y = np.empty_like(x, subok=False)
    n = x.shape[-1]
    if (
        x.size <= BLOCK
        or axis % x.ndim != x.ndim - 1
        or not (x.flags.c_contiguous and other.flags.c_contiguous)
    ):
        kernel(axis, x, other, y)
        return y
    parts = [a.reshape(-1, a.shape[-1]) for a in (x, other, y)]
    step = max(1, BLOCK // n)
    for start in range(0, len(parts[0]), step):
        kernel(-1, *[a[start : start + step] for a in parts])
    return y
