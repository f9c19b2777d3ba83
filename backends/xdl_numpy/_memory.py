"""Memory of arrays that come and go with every step, used again.

Fresh memory is dear: the kernel clears it page by page, and it is in no cache. So the last few blocks of each size
are kept, and one that nobody else refers to any more is handed out again. That nobody does is told by its reference
count: every array made of a block, and views, exports by DLPack and buffers of that, refer to the block in the end.
"""

import collections
import math
import sys

import numpy as np

__all__ = ["ALIGNMENT", "SMALLEST", "aligned", "empty"]

SMALLEST = 1 << 16  # bytes; below, malloc is as quick
LARGEST = 1 << 25
KEPT = 1 << 27  # bytes in all, of blocks in use and not
OF_A_SIZE = 16
LOOKED_AT = 4  # blocks that are tried before new memory is asked for
ALIGNMENT = (
    64  # bytes, a line of the cache: narrow products take up to a third less time than with 16 of malloc
)

# size -> blocks, each with the place of its first line
_blocks: dict[int, collections.deque[tuple[np.ndarray, int]]] = {}
_bytes = 0


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uninitialized C-contiguous array, as ``numpy.empty``; large ones begin at a line of the cache."""
    size = math.prod(shape) * dtype.itemsize
    if not SMALLEST <= size <= LARGEST:
        return np.empty(shape, dtype)
    kept = _blocks.get(size)
    if kept is None:
        kept = _blocks.setdefault(size, collections.deque())
    for _ in range(min(len(kept), LOOKED_AT)):
        try:
            entry = kept.popleft()  # while it is out of the queue, no other thread can find it
        except IndexError:
            break
        block, start = entry
        if _count(block) == _ALONE:
            array = np.ndarray(shape, dtype, block, start)
            kept.append(entry)
            return array
        kept.append(entry)
    block, start = entry = _block(size)
    if len(kept) < OF_A_SIZE:
        _keep(kept, entry)
    return np.ndarray(shape, dtype, block, start)


def aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """As `empty`, and arrays of other sizes begin at a line of the cache, too."""
    size = math.prod(shape) * dtype.itemsize
    if SMALLEST <= size <= LARGEST:
        return empty(shape, dtype)
    return np.ndarray(shape, dtype, *_block(size))


def _block(size: int) -> tuple[np.ndarray, int]:
    """Fresh memory, and the place in it of the first line of the cache."""
    block = np.empty(size + ALIGNMENT, np.uint8)
    return block, -block.ctypes.data % ALIGNMENT


def _count(block: np.ndarray) -> int:
    return sys.getrefcount(block)


def _keep(kept: collections.deque, entry: tuple[np.ndarray, int]) -> None:
    global _bytes
    size = entry[0].nbytes
    if _bytes + size > KEPT:
        _blocks.clear()  # blocks in use live on; they are only forgotten here
        _bytes = 0
        return
    kept.append(entry)
    _bytes += size


def _alone() -> int:
    """Count references to a block as `empty` sees one that nobody uses: interpreters differ."""
    kept = collections.deque([(np.empty(0), 0)])
    entry = kept.popleft()
    block, _ = entry
    return _count(block)


_ALONE = _alone()
