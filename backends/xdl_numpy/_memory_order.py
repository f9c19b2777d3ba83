"""Arrays as they lie in memory: operations that keep the order of axes there run on long contiguous rows."""

import functools

import numpy as np

from ._memory import empty

__all__ = ["back", "copied", "empty_as", "order_of", "with_columns"]


def order_of(x):
    """Axes by descending stride: ``x.transpose(order_of(x))`` is C-contiguous if ``x`` is dense."""
    return _order(x.strides)


@functools.lru_cache(1024)
def _order(strides):
    return tuple(sorted(range(len(strides)), key=lambda i: -abs(strides[i])))


def back(x, order):
    """Undo ``x.transpose(order)``."""
    axes = [0] * len(order)
    for i, k in enumerate(order):
        axes[k] = i
    return x.transpose(axes)


def empty_as(shape, order, dtype):
    """Uninitialized array of ``shape`` whose axes lie in memory in ``order``."""
    return back(empty(tuple([shape[k] for k in order]), dtype), order)


def copied(x, order):
    """Copy of ``x`` whose axes lie in memory in ``order``."""
    y = empty_as(x.shape, order, x.dtype)
    np.copyto(y, x)
    return y


def with_columns(x, n):
    """Memory for an array like ``x``, with ``n`` columns; in the same order, if rows lie in one piece there."""
    shape = (*x.shape[:-1], n)
    if x.flags.c_contiguous:
        return empty(shape, x.dtype)
    order = order_of(x)
    return empty_as(shape, order, x.dtype) if order[-1] == x.ndim - 1 else empty(shape, x.dtype)
