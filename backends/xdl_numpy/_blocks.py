"""Work on large arrays block by block, so that what is between two passes stays in the cache."""

import numpy as np

from ._memory import SMALLEST, empty

__all__ = ["BLOCK", "along", "elementwise", "is_real", "like", "nonempty_rows"]

# elements; a few buffers of as many fit in the second-level cache
BLOCK = 1 << 15


def is_real(x):
    """Whether the dtype is float32 or float64; others go to the portable definitions."""
    return x.dtype.char in "fd"


def nonempty_rows(x, axis):
    """Whether ``x`` is a nonempty array of floats with rows along ``axis``."""
    return is_real(x) and x.ndim > 0 and x.size > 0


def like(x, dtype):
    """Memory for a result of the shape of ``x``; None where NumPy does as well by itself."""
    return empty(x.shape, dtype) if x.nbytes >= SMALLEST and x.flags.c_contiguous else None


def elementwise(kernel, x, *rest):
    """Run ``kernel(x, *rest, y)`` on blocks; return ``y``, an array like ``x``."""
    y = np.empty_like(x, subok=False)
    if x.size <= BLOCK or not all(a.flags.c_contiguous for a in (x, *rest)):
        kernel(x, *rest, y)
        return y
    flat = [a.reshape(-1) for a in (x, *rest, y)]
    for start in range(0, x.size, BLOCK):
        kernel(*[a[start : start + BLOCK] for a in flat])
    return y


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
