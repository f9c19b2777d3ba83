"""Dropout with NumPy: masks by compiled loops where Numba is there, products block by block."""

import numpy as np

from xdl.nn._dropout import drop, drop_and_mask, keep, select_scaled

from ._blocks import BLOCK, is_real
from ._memory import empty
from ._numba import loops
from ._threads import share
from .random import _schedule

LARGE = 1 << 18  # entries from which the compiled loop pays: in passes, their words take milliseconds
PART = 1 << 16  # words with one high half of the counter


@keep.method("numpy", when=lambda key, /, *, count, threshold: count >= LARGE and threshold < 2**32)
def _(key, /, *, count, threshold):
    compiled = loops("dropout", count, least=LARGE)
    if compiled is None:
        return keep.definition(key, count=count, threshold=threshold)
    kept = empty((count,), np.dtype(bool))
    _in_parts(key, count, lambda at, *counter: compiled.keep(kept[at], *counter, np.uint32(threshold)))
    return kept


def _in_parts(key, count, loop):
    schedule = np.asarray(_schedule(key), np.uint32)

    def work(start, stop):
        for at in range(start * PART, min(stop * PART, count), PART):
            loop(slice(at, at + PART), schedule, np.uint32(at >> 32), np.uint32(at % 2**32))

    share(work, -(-count // PART), operations=100 * count)


@drop.method("numpy", when=lambda x, key, /, *, threshold, scale: is_real(x) and threshold < 2**32)
def _(x, key, /, *, threshold, scale):
    y = _drop(x, key, threshold, scale)
    return drop.definition(x, key, threshold=threshold, scale=scale) if y is None else y


@drop_and_mask.method("numpy", when=lambda x, key, /, *, threshold, scale: is_real(x) and threshold < 2**32)
def _(x, key, /, *, threshold, scale):
    y = _drop(x, key, threshold, scale)
    if y is None:
        return drop_and_mask.definition(x, key, threshold=threshold, scale=scale)
    return y, None


def _drop(x, key, threshold, scale):
    """Entries dropped in one pass over them; None where no compiled loop serves."""
    compiled = loops("dropout", x.size, least=LARGE)
    if compiled is None or not x.flags.c_contiguous:
        return None
    y = empty(x.shape, x.dtype)
    a, b, scale = x.reshape(-1), y.reshape(-1), x.dtype.type(scale)
    _in_parts(
        key, x.size, lambda at, *counter: compiled.drop(a[at], b[at], *counter, np.uint32(threshold), scale)
    )
    return y


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
