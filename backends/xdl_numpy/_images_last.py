"""Convolution of few channels, with the images last in memory: (channel, *spatial, image).

Where a place has few channels, loops along them are short. Loops along a row of the places of all images are long,
whatever the stride, so columns are copied fast, and so are the elementwise functions and pooling that follow. Results
are views of such memory, with the axes where they belong.
"""

import functools
import itertools
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ._im2col import fill, meeting
from ._memory import empty
from ._threads import share

__all__ = ["correlate", "pullback"]

CACHED = 768 * 1024  # bytes of the columns of some rows of places


def correlate(x, w, b, g):
    """Return y (n, *output, d), and the padded input, which `pullback` can use again."""
    n, d = len(x), w.shape[-1]
    padded = _padded(x, g)
    kernels = w.reshape(-1, d)
    if b is not None:
        kernels = np.concat([kernels, b[None]])  # the bias is the weight of a one
    y = empty((d, *g.output, n), x.dtype)
    terms = len(kernels)
    chunks = _chunks(g.output, n, terms * x.itemsize)

    def work(first, last):
        for rows in chunks[first:last]:
            columns = _columns(padded, g, rows, ones=b is not None)
            np.matmul(kernels.T, columns, out=y[:, rows].reshape(d, -1))

    share(work, len(chunks), operations=2 * terms * y.size)
    return _channels_last(y), padded


def pullback(dy, x, w, g, channels, wanted, padded=None):
    """Cotangents of those of ``x``, ``w`` and the bias that are wanted; ``channels`` are those before and after."""
    n, (c, d) = len(dy), channels
    if wanted[1] and padded is None:
        padded = _padded(x, g)
    dy = dy.transpose(dy.ndim - 1, *range(1, dy.ndim - 1), 0)
    taps = list(itertools.product(*map(range, g.kernel)))
    terms = len(taps) * c
    kernels = w.reshape(terms, d) if wanted[0] else None
    dx = empty((c, *g.spatial, n), dy.dtype) if wanted[0] else None
    bias = any(wanted[2:])
    chunks = _chunks(g.output, n, (terms + 1) * dy.itemsize)
    sums = []

    def work(first, last):
        images = slice(first, last)
        total = part = given = None
        if dx is not None:
            dx[..., images] = 0
        for rows in chunks:
            places = dy[:, rows, ..., images]
            shape = places.shape
            places = places.reshape(d, -1)
            if wanted[1]:
                columns = _columns(padded[..., images], g, rows, ones=bias)
                part = np.matmul(columns, places.T, out=part)
                if total is None:
                    total, part = part, None
                else:
                    np.add(total, part, out=total)
            if dx is not None:
                given = empty((terms, places.shape[1]), dy.dtype)
                np.matmul(kernels, places, out=given)
                for tap, values in zip(taps, given.reshape(len(taps), c, *shape[1:]), strict=True):
                    seen, seeing = meeting(g, tap, rows)
                    target = dx[(slice(None), *seen, images)]
                    np.add(target, values[(slice(None), *seeing)], out=target)
        if total is not None:
            sums.append(total)

    share(work, n, operations=2 * dy.size * terms * sum(wanted[:2]))
    dw = db = None
    if sums:
        dw = functools.reduce(np.add, sums)
        dw, db = dw[:terms].reshape(*g.kernel, c, d), dw[-1] if bias else None
    if bias and db is None:
        db = dy.sum(axis=tuple(range(1, dy.ndim)))
    return _channels_last(dx) if wanted[0] else None, dw, db


def _channels_last(x):
    return x.transpose(x.ndim - 1, *range(1, x.ndim - 1), 0)


def _padded(x, g):
    """Copy of ``x`` in this memory order, padded; ``x`` itself where that needs no copy."""
    lying = x.transpose(x.ndim - 1, *range(1, x.ndim - 1), 0)
    if lying.flags.c_contiguous and not any(map(any, g.padding)):
        return lying
    sizes = [n + a + b for n, (a, b) in zip(g.spatial, g.padding, strict=True)]
    block = empty((x.shape[-1], *sizes, len(x)), x.dtype)
    fill(_channels_last(block), x, [-a for a, _ in g.padding])
    return block


@functools.lru_cache(256)
def _chunks(output, n, size):
    """Ranges of the first axis of places, with some ``size`` of columns for a place."""
    rows = min(output[0], max(1, CACHED // max(1, size * n * math.prod(output[1:]))))
    rows = -(-output[0] // -(-output[0] // rows))
    return [slice(k, min(k + rows, output[0])) for k in range(0, output[0], rows)]


def _columns(padded, g, rows, *, ones):
    """What the places in some rows see: (entries, places), and a row of ones."""
    c, *_, n = padded.shape
    padded = padded[:, rows.start * g.stride[0] :]
    first, *moves, last = padded.strides
    steps = [a * s for a, s in zip(moves, g.stride, strict=True)]
    shifts = [a * e for a, e in zip(moves, g.dilation, strict=True)]
    shape = (*g.kernel, c, rows.stop - rows.start, *g.output[1:], n)
    seen = as_strided(padded, shape, (*shifts, first, *steps, last), writeable=False)
    terms = math.prod(g.kernel) * c
    columns = empty((terms + ones, math.prod(shape[len(g.kernel) + 1 :])), padded.dtype)
    np.copyto(columns[:terms].reshape(shape), seen)
    if ones:
        columns[terms:] = 1
    return columns
