"""Padding by a constant with NumPy: the result lies in memory as the argument does."""

import numpy as np

from xdl.nn._pad import check_pad, pad

from ._memory_order import empty_as, order_of


@pad.method("numpy", when=lambda x, padding, /, *, mode, value, axis: mode == "constant")
def _(x, padding, /, *, mode, value, axis):
    widths = check_pad(x, padding, mode, axis)
    shape, inner = list(x.shape), [slice(None)] * x.ndim
    for k, before, after in widths:
        shape[k] += before + after
        inner[k] = slice(before, before + x.shape[k])
    y = empty_as(tuple(shape), order_of(x), x.dtype)
    rest = [slice(None)] * x.ndim
    for k, _, _ in widths:
        start, stop = inner[k].start, inner[k].stop
        for side in (slice(None, start), slice(stop, None)):
            y[(*rest[:k], side, *rest[k + 1 :])] = value
        rest[k] = inner[k]
    np.copyto(y[tuple(inner)], x)
    return y
