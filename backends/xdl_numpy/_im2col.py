"""Convolution as products of matrices of columns: what each place sees, copied side by side.

The columns of all places are as many times larger than the input as the kernel has entries; made for a chunk of
places at a time, they stay in the cache, and are made again rather than kept. One pass over the columns of ``x``
gives the convolution, or the gradient of the kernel; one over the columns of ``dy`` gives the gradient of ``x`` and,
since the problems are transposes of each other, that of the kernel too.
"""

import functools
import math

import numpy as np

from ._chunks import chunks, meetings, parts, windows
from ._memory import empty
from ._threads import share

__all__ = ["gather", "scatter"]


def gather(x, w, b, dy, g):
    """Return y (n, *output, d), or None without ``w``, and dw (*kernel, c / groups, d), or None without ``dy``.

    ``g`` is a `Geometry`; padding below 0 leaves out entries.
    """
    n, c = len(x), x.shape[-1]
    d = (dy if w is None else w).shape[-1]
    terms = math.prod(g.kernel) * c // g.groups
    pieces = chunks(n, g.output, terms * g.groups * x.itemsize)
    seen = windows(x, g)
    y = kernels = row = None
    if w is not None:
        y = empty((n, *g.output, d), x.dtype)
        kernels = _split(w, g.groups, g.groups)
        row = None if b is None else np.tile(b, g.output[-1])  # long rows are added faster
    sums = []

    def work(first, last):
        total = None
        for images, rows in pieces[first:last]:
            columns = _columns(seen[images, rows], g, d)
            if y is not None:
                out = y[images, rows]
                np.matmul(columns, kernels, out=_split(out, g.groups, len(columns)))
                if row is not None:
                    out = out.reshape(-1, len(row))
                    np.add(out, row, out=out)
            if dy is not None:
                product = empty((len(columns), terms, d // g.groups), x.dtype)
                np.matmul(
                    columns.swapaxes(1, 2), _split(dy[images, rows], g.groups, len(columns)), out=product
                )
                if g.groups == 1 and len(product) > 1:
                    product = product.sum(axis=0, keepdims=True)
                total = product if total is None else np.add(total, product, out=total)
        if total is not None:
            sums.append(total)

    share(work, len(pieces), operations=2 * n * math.prod(g.output) * terms * d)
    if dy is None:
        return y, None
    dw = functools.reduce(np.add, sums).swapaxes(0, 1)
    return y, dw.reshape(*g.kernel, c // g.groups, d)


def scatter(dy, w, g):
    """Cotangent of ``x``, (n, *spatial, c): each place gives to what it sees."""
    n, d, groups = len(dy), dy.shape[-1], g.groups
    c, taps = w.shape[-2] * groups, math.prod(g.kernel)
    kernels = w.reshape(taps, c // groups, groups, d // groups).transpose(0, 2, 3, 1)
    dx = empty((n, *g.spatial, c), dy.dtype)

    def work(first, last):
        dx[first:last] = 0
        for images, rows in chunks(last - first, g.output, taps * c * dy.itemsize):
            images = slice(first + images.start, first + images.stop)
            part, taking = dy[images, rows], dx[images]
            places = part.reshape(-1, d)
            given = empty((taps, len(places), c), dy.dtype)
            into = given.reshape(taps, len(places), groups, c // groups).swapaxes(1, 2)
            np.matmul(places.reshape(-1, groups, d // groups).swapaxes(0, 1), kernels, out=into)
            given = given.reshape(taps, *part.shape[:-1], c)
            for values, (seen, seeing) in zip(given, meetings(g, rows.start, rows.stop), strict=True):
                target = taking[seen]
                np.add(target, values[seeing], target)

    share(work, n, operations=2 * dy.size * taps * c // groups)
    return dx


def _split(rows, groups, count):
    """Bring rows (..., d) to ``count`` matrices: one for each group of columns, or else for equal parts of the rows."""
    if groups == 1:
        return rows.reshape(count, -1, rows.shape[-1])
    return rows.reshape(-1, groups, rows.shape[-1] // groups).swapaxes(0, 1)


def _columns(seen, g, d):
    """What places (m, *output) see (*kernel, c), side by side.

    Matrices (groups, places, entries); where there is one group, (parts, places / parts, entries).
    """
    ndim = len(g.kernel)
    c = seen.shape[-1]
    places = math.prod(seen.shape[: ndim + 1])
    terms = math.prod(g.kernel) * c // g.groups
    if g.groups > 1:
        seen = np.moveaxis(seen.reshape(*seen.shape[:-1], g.groups, c // g.groups), -2, 0)
        columns = empty((g.groups, places, terms), seen.dtype)
    else:
        shape = parts(places, terms, d), -1, terms
        if terms == c and seen.flags.c_contiguous:
            return seen.reshape(shape)
        columns = empty((places, terms), seen.dtype).reshape(shape)
    np.copyto(columns.reshape(seen.shape), seen)
    return columns
