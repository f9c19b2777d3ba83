"""Dropout with NumPy: masks by a compiled loop where Numba is there, products block by block."""

import functools

import numpy as np

from xdl.nn._dropout import keep, select_scaled

from ._blocks import BLOCK
from ._memory import empty
from ._threads import share
from .random import _schedule

LARGE = 1 << 16  # entries from which the compiled loop pays


@functools.cache
def _compiled():
    """Compiled loop, or None where Numba is absent."""
    try:
        from . import _dropout_numba
    except ImportError:
        return None
    return _dropout_numba


@keep.method("numpy", when=lambda key, /, *, count, threshold: count >= LARGE and threshold < 2**32)
def _(key, /, *, count, threshold):
    loop = _compiled()
    if loop is None:
        return keep.definition(key, count=count, threshold=threshold)
    schedule = np.asarray(_schedule(key))
    kept = empty((count,), np.dtype(bool))
    threshold = np.uint32(threshold)
    size = 1 << 16  # a part has one high word

    def work(start, stop):
        for i in range(start, stop):
            at = i * size
            part = kept[at : at + size]
            loop.keep(part, schedule, np.uint32(at >> 32), np.uint32(at % 2**32), threshold)

    share(work, -(-count // size), operations=100 * count)
    return kept


@select_scaled.method("numpy", when=lambda x, keep, /, *, scale: x.dtype.kind == "f")
def _(x, keep, /, *, scale):
    # bits are multiplied: a number times false is no zero where it is infinite
    bits = np.dtype(f"i{x.itemsize}")
    if x.shape != keep.shape or not (x.flags.c_contiguous and keep.flags.c_contiguous):
        y = np.multiply(x, scale)
        return np.multiply(keep, y.view(bits)).view(y.dtype)
    y = empty(x.shape, x.dtype)
    flat = x.reshape(-1), keep.reshape(-1), y.reshape(-1), y.view(bits).reshape(-1)
    step = 4 * BLOCK

    def work(start, stop):
        for i in range(start, stop):
            a, mask, b, words = (part[i * step : (i + 1) * step] for part in flat)
            np.multiply(a, scale, out=b)
            np.multiply(words, mask, out=words)

    share(work, -(-x.size // step), operations=x.size)
    return y
