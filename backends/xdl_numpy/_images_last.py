"""Convolution of few channels, with the images last in memory: (channel, *spatial, image).

Where a place has few channels, loops along them are short. Loops along a row of the places of all images are long,
whatever the stride, so columns are copied fast, and so are the elementwise functions and pooling that follow. Results
are views of such memory, with the axes where they belong.
"""

import functools
import math

import numpy as np

from ._chunks import by_entry, in_parts, meetings, parts, windows
from ._memory import empty
from ._numba import loops_of_many
from ._threads import share

__all__ = ["correlate", "scatter", "weight_gradient"]

CACHED = 768 * 1024  # bytes of the columns of some rows of places: there are many calls for each of them


def correlate(x, w, b, g):
    """Return y (n, *output, d), and what places see, which `weight_gradient` can use again."""
    n, d = len(x), w.shape[-1]
    seen = _windows(x, g)
    kernels = w.reshape(-1, d)
    if b is not None:
        kernels = np.concat([kernels, b[None]])  # the bias is the weight of a one
    y = empty((d, *g.output, n), x.dtype)
    terms = len(kernels)
    chunks = _chunks(g.output, n, terms * x.itemsize)

    def work(first, last):
        for rows in chunks[first:last]:
            columns = _columns(seen, rows, slice(None), ones=b is not None)
            some = parts(columns.shape[1], terms, d)
            np.matmul(kernels.T, in_parts(columns, some), out=in_parts(y[:, rows].reshape(d, -1), some))

    share(work, len(chunks), operations=2 * terms * y.size)
    return _channels_last(y), seen


def weight_gradient(x, dy, g, bias, seen=None):
    """Cotangents of ``w`` (*kernel, c, d) and, if there is one, of the bias."""
    c, d = x.shape[-1], dy.shape[-1]
    seen = _windows(x, g) if seen is None else seen
    dy = _lying(dy)
    terms = math.prod(g.kernel) * c
    chunks = _chunks(g.output, len(x), (terms + bias) * dy.itemsize)
    sums = []

    def work(first, last):
        images = slice(first, last)
        total = 0
        for rows in chunks:
            columns = _columns(seen, rows, images, ones=bias)
            some = parts(columns.shape[1], terms, d)
            places = in_parts(dy[:, rows, ..., images].reshape(d, -1), some)
            total += np.matmul(in_parts(columns, some), places.swapaxes(1, 2)).sum(axis=0)
        sums.append(total)

    share(work, len(x), operations=2 * dy.size * terms)
    total = functools.reduce(np.add, sums)
    return total[:terms].reshape(*g.kernel, c, d), total[terms] if bias else None


def scatter(dy, w, g):
    """Cotangent of ``x``, (n, *spatial, c): each place gives to what it sees."""
    n, (c, d) = len(dy), w.shape[-2:]
    dy, kernels = _lying(dy), w.reshape(-1, d)
    dx = empty((c, *g.spatial, n), dy.dtype)
    chunks = _chunks(g.output, n, len(kernels) * dy.itemsize)

    def work(first, last):
        images = slice(first, last)
        part = dx[..., images]
        part[...] = 0
        for rows in chunks:
            places = dy[:, rows, ..., images]
            given = empty((len(kernels), places[0].size), dy.dtype)
            some = parts(given.shape[1], len(kernels), d)
            np.matmul(kernels, in_parts(places.reshape(d, -1), some), out=in_parts(given, some))
            given = given.reshape(-1, c, *places.shape[1:])
            compiled = None
            if len(g.kernel) == 2 and g.stride[1] == 1 and part.flags.c_contiguous and part.dtype.isnative:
                compiled = loops_of_many("images_last", given.size)
            if compiled is not None:
                by_rows = part.reshape(c, len(part[0]), -1), given.reshape(*given.shape[:3], -1)
                compiled.add(*by_rows, _meetings_of_rows(g, rows.start, rows.stop, n))
                continue
            for values, (seen, seeing) in zip(given, meetings(g, rows.start, rows.stop), strict=True):
                target = part[seen]
                np.add(target, values[seeing], target)

    share(work, n, operations=2 * dy.size * len(kernels))
    return _channels_last(dx)


def _channels_last(x):
    return x.transpose(x.ndim - 1, *range(1, x.ndim - 1), 0)


_lying = _channels_last  # channels and images change places, there and back


def _windows(x, g):
    """What places see, by entries: (*kernel, c, *output, n)."""
    last, ndim = x.ndim - 1, len(g.kernel)
    seen = windows(x, g, order=(last, *range(1, last), 0))
    return seen.transpose(*range(ndim + 1, seen.ndim), *range(1, ndim + 1), 0)


@functools.lru_cache(256)
def _chunks(output, n, size):
    """Ranges of the first axis of places, with some ``size`` of columns for a place."""
    rows = min(output[0], max(1, CACHED // max(1, size * n * math.prod(output[1:]))))
    rows = -(-output[0] // -(-output[0] // rows))
    return [slice(k, min(k + rows, output[0])) for k in range(0, output[0], rows)]


@functools.lru_cache(256)
def _meetings_of_rows(g, start, stop, n):
    """`meetings` in the plane, of whole rows of places with all images, in numbers."""
    found = []
    for (_, rows, columns), (_, at, among) in meetings(g, start, stop):
        found.append((rows.start, g.stride[0], at.stop - at.start, at.start))
        found[-1] += (n * columns.start, n * among.start, n * (among.stop - among.start))
    return np.asarray(found)


def _columns(seen, rows, images, *, ones):
    """What the places in some rows of images see: (entries, places), and a row of ones."""
    ndim = (seen.ndim - 2) // 2
    return by_entry(seen[(slice(None),) * (ndim + 1) + (rows, ..., images)], ones=ones)
