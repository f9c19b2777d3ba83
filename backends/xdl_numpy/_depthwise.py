"""Depthwise convolution: shifted products, added up.

Each channel has a kernel of its own, so there is no product of matrices; entries of the kernel that are repeated along
a row of places make long loops.
"""

import functools
import itertools
import math

import numpy as np

from ._chunks import meetings, windows
from ._memory import empty
from ._threads import share

__all__ = ["correlate", "scatter", "weight_gradient"]

CACHED = 1 << 18  # bytes of the results of a chunk of rows of places


def correlate(x, w, b, g):
    """Return y (n, *output, c) of ``w`` (*kernel, 1, c)."""
    n, c = len(x), x.shape[-1]
    y = empty((n, *g.output, c), x.dtype)
    seen, taps = windows(x, g), _taps(w, g)
    rows = None if b is None else np.tile(b, (g.output[-1], 1))

    def work(first, last):
        for images, part in _chunks(first, last, g.output, c * x.itemsize):
            out = y[images, part]
            term = empty(out.shape, x.dtype)
            for k, (tap, row) in enumerate(taps):
                if k == 0:
                    np.multiply(seen[(images, part, ..., *tap, slice(None))], row, out=out)
                else:
                    np.multiply(seen[(images, part, ..., *tap, slice(None))], row, out=term)
                    np.add(out, term, out=out)
            if rows is not None:
                np.add(out, rows, out=out)

    share(work, n, operations=2 * y.size * len(taps))
    return y


def scatter(dy, w, g):
    """Cotangent of ``x``, (n, *spatial, c)."""
    n, c = len(dy), dy.shape[-1]
    dx = empty((n, *g.spatial, c), dy.dtype)
    taps = [row for _, row in _taps(w, g)]

    def work(first, last):
        dx[first:last] = 0
        for images, part in _chunks(first, last, g.output, c * dy.itemsize):
            given, taking = dy[images, part], dx[images]
            term = empty(given.shape, dy.dtype)
            for row, (seen, seeing) in zip(taps, meetings(g, part.start, part.stop), strict=True):
                np.multiply(given, row, out=term)
                target = taking[seen]
                np.add(target, term[seeing], target)

    share(work, n, operations=2 * dy.size * len(taps))
    return dx


def weight_gradient(x, dy, g):
    """Cotangent of ``w``, (*kernel, 1, c)."""
    n, c = len(x), x.shape[-1]
    seen, taps = windows(x, g), list(itertools.product(*map(range, g.kernel)))
    sums = []

    def work(first, last):
        total = np.zeros((len(taps), g.output[-1] * c), x.dtype)
        for images, part in _chunks(first, last, g.output, c * x.itemsize):
            given = dy[images, part]
            term = empty(given.shape, x.dtype)
            ones = np.ones(math.prod(given.shape[:-2]), x.dtype)
            for k, tap in enumerate(taps):
                np.multiply(seen[(images, part, ..., *tap, slice(None))], given, out=term)
                total[k] += ones @ term.reshape(len(ones), -1)
        sums.append(total)

    share(work, n, operations=2 * dy.size * len(taps))
    total = functools.reduce(np.add, sums).reshape(len(taps), g.output[-1], c)
    return total.sum(axis=1).reshape(*g.kernel, 1, c)


def _taps(w, g):
    """Positions of the kernel, and the kernel's entries there, repeated along a row of places."""
    entries = w.reshape(-1, 1, w.shape[-1]).repeat(g.output[-1], axis=1)
    return list(zip(itertools.product(*map(range, g.kernel)), entries, strict=True))


def _chunks(first, last, output, size):
    row = math.prod(output[1:]) * size
    rows = min(output[0], max(1, CACHED // row))
    images = max(1, CACHED // (row * rows)) if rows == output[0] else 1
    for i in range(first, last, images):
        for k in range(0, output[0], rows):
            yield slice(i, min(i + images, last)), slice(k, min(k + rows, output[0]))
