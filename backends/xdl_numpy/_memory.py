"""Memory of arrays that come and go with every step, used again.

Fresh memory is dear: the kernel clears it page by page, and it is in no cache. So the last few arrays of each
shape are kept, and one that nobody else refers to any more is handed out again. That nobody does is told by its
reference count, in which views, exports by DLPack and buffers all appear.
"""

import collections
import math
import sys

import numpy as np

__all__ = ["SMALLEST", "empty"]

SMALLEST = 1 << 16  # bytes; below, malloc is as quick
LARGEST = 1 << 25
KEPT = 1 << 27  # bytes in all, of arrays in use and not
OF_A_SHAPE = 16

_arrays: dict[tuple[tuple[int, ...], str], collections.deque[np.ndarray]] = {}
_bytes = 0


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uninitialized C-contiguous array, as ``numpy.empty``."""
    size = math.prod(shape) * dtype.itemsize
    if not SMALLEST <= size <= LARGEST:
        return np.empty(shape, dtype)
    kept = _arrays.get((shape, dtype.char))
    if kept is None:
        kept = _arrays.setdefault((shape, dtype.char), collections.deque())
    for _ in range(len(kept)):
        try:
            array = kept.popleft()  # while it is out of the queue, no other thread can find it
        except IndexError:
            break
        free = _count(array) == _ALONE
        kept.append(array)
        if free and array.flags.writeable and array.shape == shape:
            return array
    array = np.empty(shape, dtype)
    if len(kept) < OF_A_SHAPE:
        _keep(kept, array, size)
    return array


def _count(array: np.ndarray) -> int:
    return sys.getrefcount(array)


def _keep(kept: collections.deque, array: np.ndarray, size: int) -> None:
    global _bytes
    if _bytes + size > KEPT:
        _arrays.clear()  # arrays in use live on; they are only forgotten here
        _bytes = 0
        return
    kept.append(array)
    _bytes += size


def _alone() -> int:
    """Count references to an array as `empty` sees one that nobody uses: interpreters differ."""
    kept = collections.deque([np.empty(0)])
    array = kept.popleft()
    return _count(array)


_ALONE = _alone()
