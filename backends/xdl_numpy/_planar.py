"""Convolution of few channels to many: columns in rows of places, one for each entry of the kernel.

What a place sees is then too short to be copied well; what an entry of the kernel meets along a row of places is not.
"""

import functools
import math

import numpy as np

from ._chunks import by_entry, chunks, in_parts, meetings, parts, windows
from ._memory import empty
from ._threads import share

__all__ = ["correlate", "scatter", "weight_gradient"]

STRIP = 512  # rows of a matrix that are transposed in the first-level cache


def correlate(x, w, b, g):
    """Return y (n, *output, d), and what places see, which `weight_gradient` can use again."""
    n, d = len(x), w.shape[-1]
    seen = _windows(x, g)
    kernels = w.reshape(-1, d)
    if b is not None:
        kernels = np.concat([kernels, b[None]])  # the bias is the weight of a one
    y = empty((n, *g.output, d), x.dtype)
    pieces = chunks(n, g.output, len(kernels) * x.itemsize)

    def work(first, last):
        for images, rows in pieces[first:last]:
            columns = _columns(seen, images, rows, ones=b is not None)
            some = parts(columns.shape[1], *kernels.shape)
            into = y[images, rows].reshape(some, -1, d)
            np.matmul(in_parts(columns, some).swapaxes(1, 2), kernels, out=into)

    share(work, len(pieces), operations=2 * y.size * len(kernels))
    return y, seen


def weight_gradient(x, dy, g, seen=None):
    """Cotangents of ``w`` (*kernel, c, d) and of the bias."""
    c, d = x.shape[-1], dy.shape[-1]
    seen = _windows(x, g) if seen is None else seen
    terms = math.prod(g.kernel) * c
    pieces = chunks(len(x), g.output, (terms + 1) * x.itemsize)
    sums = []

    def work(first, last):
        total = 0
        for images, rows in pieces[first:last]:
            columns = _columns(seen, images, rows, ones=True)
            some = parts(columns.shape[1], terms + 1, d)
            places = dy[images, rows].reshape(some, -1, d)
            total += np.matmul(in_parts(columns, some), places).sum(axis=0)
        sums.append(total)

    share(work, len(pieces), operations=2 * dy.size * terms)
    total = functools.reduce(np.add, sums)
    return total[:terms].reshape(*g.kernel, c, d), total[terms]


def scatter(dy, w, g):
    """Cotangent of ``x``, (n, *spatial, c): each place gives to what it sees."""
    n, (c, d) = len(dy), w.shape[-2:]
    kernels = np.ascontiguousarray(w.reshape(-1, d).T)
    dx = empty((c, n, *g.spatial), dy.dtype)

    def work(first, last):
        dx[:, first:last] = 0
        for images, rows in chunks(last - first, g.output, kernels.shape[1] * dy.itemsize):
            images = slice(first + images.start, first + images.stop)
            part, places = dx[:, images], dy[images, rows]
            # a product with the transpose of a tall matrix takes twice the time of this one and a copy
            by_place = empty((places[..., 0].size, kernels.shape[1]), dy.dtype)
            some = parts(len(by_place), *kernels.shape)
            np.matmul(places.reshape(some, -1, d), kernels, out=by_place.reshape(some, -1, kernels.shape[1]))
            given = empty(by_place.shape[::-1], dy.dtype)
            for k in range(0, len(by_place), STRIP):
                np.copyto(given[:, k : k + STRIP], by_place[k : k + STRIP].T)
            given = given.reshape(-1, c, *places.shape[:-1])
            for values, (seen, seeing) in zip(given, meetings(g, rows.start, rows.stop), strict=True):
                target = part[(slice(None), *seen)]
                np.add(target, values[(slice(None), *seeing)], target)

    share(work, n, operations=2 * dy.size * kernels.shape[1])
    result = empty((n, *g.spatial, c), dy.dtype)
    np.copyto(result, dx.transpose(*range(1, dx.ndim), 0))
    return result


def _windows(x, g):
    """What places see, by entries: (*kernel, c, n, *output)."""
    last, ndim = x.ndim - 1, len(g.kernel)
    seen = windows(x, g, order=(last, *range(last)))
    return seen.transpose(*range(ndim + 1, seen.ndim), *range(ndim + 1))


def _columns(seen, images, rows, *, ones):
    """What the places in some rows of images see: (entries, places), and a row of ones."""
    ndim = (seen.ndim - 2) // 2
    return by_entry(seen[(slice(None),) * (ndim + 1) + (images, rows)], ones=ones)
