"""Convolution as products of matrices of columns: what each place sees, copied side by side.

The columns of all places are as many times larger than the input as the kernel has entries; made for a chunk of
places at a time, they stay in the cache, and are made again rather than kept. One pass over the columns of ``x``
gives the convolution, or the gradient of the kernel; one over the columns of ``dy`` gives the gradient of ``x`` and,
since the problems are transposes of each other, that of the kernel too.

``planar`` columns are stored entry by entry of the kernel, in rows of places: for few channels.
"""

import functools
import itertools
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from xdl.nn._geometry import Geometry

from ._memory import empty
from ._threads import share

__all__ = ["fill", "gather", "meetings", "parts", "scatter", "transposed", "turned"]

CACHED = 768 * 1024  # bytes of the columns of a chunk
FEWEST = 256  # places of a chunk: products of fewer rows are slow
UNPACKED = (
    10**6
)  # multiplications up to which OpenBLAS does not pack the matrices, which is dear for narrow ones


def gather(x, w, b, dy, g, *, planar=False):
    """Return y (n, *output, d), or None without ``w``, and dw (*kernel, c / groups, d), or None without ``dy``.

    ``g`` is a `Geometry`; padding below 0 leaves out entries.
    """
    n, c = len(x), x.shape[-1]
    d = (dy if w is None else w).shape[-1]
    terms = math.prod(g.kernel) * c // g.groups
    chunks = _chunks(n, g.output, terms * g.groups * x.itemsize)
    y = kernels = row = None
    if w is not None:
        y = empty((n, *g.output, d), x.dtype)
        kernels = _split(w.reshape(terms, d), g.groups)
        row = None if b is None else np.tile(b, g.output[-1])  # long rows are added faster
    sums = []

    def work(first, last):
        total = part = None
        for images, rows in chunks[first:last]:
            columns = _columns(x[images], g, rows, planar)
            if y is not None:
                out = y[images, rows]
                if planar:
                    some = parts(len(columns), terms, d)
                    np.matmul(_in_parts(columns, some), kernels, out=_in_parts(out.reshape(-1, d), some))
                else:
                    np.matmul(columns, kernels, out=_split(out.reshape(-1, d), g.groups))
                if row is not None:
                    out = out.reshape(-1, len(row))
                    np.add(out, row, out=out)
            if dy is not None:
                places = _split(dy[images, rows].reshape(-1, d), g.groups)
                some = parts(len(columns), terms, d) if planar else 1
                if some > 1:
                    columns, places = _in_parts(columns, some), _in_parts(places, some)
                    part = np.matmul(columns.swapaxes(-1, -2), places).sum(axis=0)
                else:
                    part = np.matmul(columns.swapaxes(-1, -2), places, out=part)
                if total is None:
                    total, part = part, None
                else:
                    np.add(total, part, out=total)
        if total is not None:
            sums.append(total)

    share(work, len(chunks), operations=2 * n * math.prod(g.output) * terms * d)
    if dy is None:
        return y, None
    dw = functools.reduce(np.add, sums) if sums else _split(np.zeros((terms, d), x.dtype), g.groups)
    dw = dw if g.groups == 1 else dw.swapaxes(0, 1)
    return y, dw.reshape(*g.kernel, c // g.groups, d)


def scatter(dy, w, g, *, planar=False):
    """Cotangent of ``x``, (n, *spatial, c): each place gives to what it sees."""
    n, d, groups = len(dy), dy.shape[-1], g.groups
    c = w.shape[-2] * groups
    taps = math.prod(g.kernel)
    if planar:
        kernels = w.reshape(taps * c, d)
        dx = _channels_last(empty((c, n, *g.spatial), dy.dtype))
    else:
        kernels = w.reshape(taps, c // groups, groups, d // groups).transpose(0, 2, 3, 1)
        dx = empty((n, *g.spatial, c), dy.dtype)
    chunks = _chunks(n, g.output, taps * c * dy.itemsize)
    rows_of_all = [rows for images, rows in chunks if images.start == 0]
    step = chunks[0][0].stop if chunks else 1

    def work(first, last):
        dx[first:last] = 0
        for start, rows in itertools.product(range(first, last, step), rows_of_all):
            images = slice(start, min(start + step, last))
            part = dy[images, rows]
            places = part.reshape(-1, d)
            if planar:
                given = empty((taps * c, len(places)), dy.dtype)
                some = parts(len(places), taps * c, d)
                np.matmul(
                    kernels,
                    _in_parts(places, some).swapaxes(1, 2),
                    out=_in_parts(given.T, some).swapaxes(1, 2),
                )
                given = [_channels_last(a) for a in given.reshape(taps, c, *part.shape[:-1])]
            else:
                given = empty((taps, len(places), c), dy.dtype)
                into = given.reshape(taps, len(places), groups, c // groups).swapaxes(1, 2)
                np.matmul(_split(places, groups).reshape(groups, len(places), -1), kernels, out=into)
                given = given.reshape(taps, *part.shape[:-1], c)
            for values, (seen, seeing) in zip(given, meetings(g, rows.start, rows.stop), strict=True):
                target = dx[(images, *seen)]
                np.add(target, values[(slice(None), *seeing)], out=target)

    share(work, n, operations=2 * dy.size * taps * c // groups)
    return dx


def transposed(g):
    """Geometry of the transposed problem, for stride 1: padding below 0 leaves out entries."""
    padding = tuple(
        [
            (e - 1 - before, n + before - o)
            for (before, _), e, n, o in zip(g.padding, g.extent, g.spatial, g.output, strict=True)
        ]
    )
    return Geometry(g.output, g.kernel, g.stride, padding, g.dilation, g.groups)


def turned(w, groups):
    """Kernel of the transposed problem: flipped, (*kernel, d / groups, c); the same again turns it back."""
    *kernel, c, d = w.shape
    w = w.reshape(*kernel, c, groups, d // groups)[(slice(None, None, -1),) * len(kernel)]
    return np.moveaxis(w, -1, -3).swapaxes(-1, -2).reshape(*kernel, d // groups, groups * c)


def fill(block, x, start):
    """Fill a block (m, *sizes, c) from ``x`` (m, *spatial, c), which is zero outside, from ``start`` on."""
    into, source = [slice(None)], [slice(None)]
    for first, size, n in zip(start, block.shape[1:-1], x.shape[1:-1], strict=True):
        low = min(max(-first, 0), size)
        high = max(low, min(n - first, size))
        block[(*into, slice(0, low))] = 0
        block[(*into, slice(high, None))] = 0
        into.append(slice(low, high))
        source.append(slice(first + low, first + high))
    block[tuple(into)] = x[tuple(source)]


@functools.lru_cache(256)
def _chunks(n, output, size):
    """Ranges of images and of the first axis of places, with some ``size`` of columns for a place."""
    inner = math.prod(output[1:])
    most = max(FEWEST, CACHED // size)
    images = min(n, max(1, most // (inner * output[0])))
    rows = min(output[0], max(1, most // inner)) if images == 1 else output[0]
    rows = -(-output[0] // -(-output[0] // rows))
    return [
        (slice(i, min(i + images, n)), slice(k, min(k + rows, output[0])))
        for i in range(0, n, max(images, 1))
        for k in range(0, output[0], rows)
    ]


@functools.lru_cache(1024)
def parts(places, terms, channels):
    """In how many equal parts to multiply narrow matrices."""
    if min(terms, channels) > 12:
        return 1
    most = max(1, UNPACKED // (terms * channels))
    found = next((k for k in range(-(-places // most), places // FEWEST + 1) if places % k == 0), 1)
    return max(1, found)


def _split(matrix, groups):
    """Matrices of the groups of columns: (groups, rows, columns / groups); the matrix itself if there is one."""
    if groups == 1:
        return matrix
    return matrix.reshape(len(matrix), groups, -1).swapaxes(0, 1)


def _in_parts(matrix, some):
    """Equal parts of the rows: (some, rows / some, columns)."""
    first, second = matrix.strides
    n, m = matrix.shape
    return as_strided(matrix, (some, n // some, m), (n // some * first, first, second))


def _channels_last(x):
    return x.transpose(*range(1, x.ndim), 0)


def _columns(x, g, rows, planar):
    """What the places in some rows of images see: (places, entries), or (groups, places, entries)."""
    m, *spatial, c = x.shape
    start, sizes = [], []
    for k, (s, (before, _), e, o) in enumerate(zip(g.stride, g.padding, g.extent, g.output, strict=True)):
        low, high = (rows.start, rows.stop) if k == 0 else (0, o)
        start.append(low * s - before)
        sizes.append((high - low - 1) * s + e)
    output = (rows.stop - rows.start, *g.output[1:])
    inside = all(a >= 0 and a + n <= size for a, n, size in zip(start, sizes, spatial, strict=True))
    if inside:
        block = x[(slice(None), *[slice(a, a + n) for a, n in zip(start, sizes, strict=True)])]
        if math.prod(g.kernel) == 1 and sizes == list(output) and g.groups == 1 and not planar:
            return block.reshape(-1, c)
    else:
        shape = (c, m, *sizes) if planar else (m, *sizes, c)
        block = empty(shape, x.dtype)
        block = _channels_last(block) if planar else block
        fill(block, x, start)
    first, *moves, last = block.strides
    steps = [a * s for a, s in zip(moves, g.stride, strict=True)]
    shifts = [a * e for a, e in zip(moves, g.dilation, strict=True)]
    if g.groups == 1:
        seen = as_strided(block, (m, *output, *g.kernel, c), (first, *steps, *shifts, last), writeable=False)
        places = m * math.prod(output)
        if planar:
            columns = empty((math.prod(g.kernel) * c, places), x.dtype)
            into = columns.reshape(*g.kernel, c, m, *output)
            k = len(g.kernel)
            np.copyto(into, seen.transpose(*range(k + 1, 2 * k + 2), *range(k + 1)))
            return columns.T
        columns = empty((places, math.prod(g.kernel) * c), x.dtype)
        np.copyto(columns.reshape(seen.shape), seen)
        return columns
    each = c // g.groups
    seen = as_strided(
        block,
        (g.groups, m, *output, *g.kernel, each),
        (each * last, first, *steps, *shifts, last),
        writeable=False,
    )
    columns = empty((g.groups, m * math.prod(output), math.prod(g.kernel) * each), x.dtype)
    np.copyto(columns.reshape(seen.shape), seen)
    return columns


@functools.lru_cache(1024)
def meetings(g, start, stop):
    """Entries of the input, and the places in some rows that see them, by each entry of the kernel: pairs of slices."""
    axes = []
    for k, (e, n, s, (before, _), dilation) in enumerate(
        zip(g.kernel, g.spatial, g.stride, g.padding, g.dilation, strict=True)
    ):
        first, last = (start, stop) if k == 0 else (0, g.output[k])
        axes.append([])
        for shift in range(-before, -before + e * dilation, dilation):
            low = max(first, -(shift // s))
            high = max(low, min(last, (n - 1 - shift) // s + 1))
            seen = slice(low * s + shift, (high - 1) * s + shift + 1, s) if high > low else slice(0, 0)
            axes[-1].append((seen, slice(low - first, high - first)))
    return [tuple(zip(*pairs, strict=True)) for pairs in itertools.product(*axes)]
