"""Convolution with kernels of 3 x 3 by fewer multiplications: Winograd's F(4 x 4, 3 x 3).

A tile of 4 x 4 results needs 6 x 6 entries of the input. As polynomials at six points, kernel and tile are
multiplied point by point: 36 products of matrices (tiles, c) x (c, d) in place of 144. To the points and back go
products with small matrices, along the rows and then along the columns, of blocks that stay in the cache: in the
order (h, w, image, channel) of a block both are products with long rows, and nothing is copied from tile to tile.

References
----------
Lavin & Gray (2016), arXiv:1509.09308, section 4. Their points 0, +-1, +-2 have four times the error of
0, +-1/sqrt(2), +-sqrt(2); that the points decide: Barabasz et al. (2020), arXiv:1803.10986.
"""

import functools
import itertools
import math

import numpy as np

from ._chunks import fill
from ._memory import LARGEST, empty
from ._threads import share

__all__ = ["MULTIPLICATIONS", "POINTS", "TILE", "correlate", "transpose", "weight_gradient"]

TILE = 4
POINTS = 6
MULTIPLICATIONS = POINTS**2 / TILE**2  # per result, where the sum has 9

CACHED = 1 << 21  # bytes of a block at the points, before and after the products
FEWEST = 64  # tiles of a block: below, reading the kernel at the points takes as long as the products
RUN = 512  # entries that a product along the columns should run over


def correlate(x, w, b, padding, output, *, save=False):
    """Return y (n, h, w, d), and what `weight_gradient` can use again."""
    return _correlate(x, _kernels(w), b, (padding[0][0], padding[1][0]), output, save)


def transpose(dy, w, padding, spatial):
    """Cotangent of ``x``: a correlation with the kernel turned round."""
    before = 2 - padding[0][0], 2 - padding[1][0]
    return _correlate(dy, _kernels(w, turned=True), None, before, spatial, False)[0]


def weight_gradient(x, dy, padding, saved=None):
    """Cotangent of ``w`` (3, 3, c, d)."""
    n, *output, d = dy.shape
    c = x.shape[-1]
    to_points, kernel, from_points = _matrices(dy.dtype)
    transposed = np.ascontiguousarray(from_points.T)
    blocks = _blocks(n, *output, c + d, dy.itemsize)
    sums = []

    def work(first, last):
        total = None
        one, other = _memory(blocks[0], max(c, d), dy.dtype), _memory(blocks[0], max(c, d), dy.dtype)
        for images, top, shape, place in blocks[first:last]:
            p = math.prod(shape)
            if saved is None:
                v = empty((POINTS**2, p, c), dy.dtype)
                start = TILE * top - padding[0][0], -padding[1][0]
                _to_points(to_points, x[images], start, v.reshape(POINTS, POINTS, *shape, c), one, other)
            else:
                v = saved[place * c : (place + POINTS**2 * p) * c].reshape(POINTS**2, p, c)
            m = _array(one, POINTS**2, p, d)
            _to_points(
                transposed, dy[images], (TILE * top, 0), m.reshape(POINTS, POINTS, *shape, d), one, other
            )
            part = np.matmul(v.swapaxes(1, 2), m, out=empty((POINTS**2, c, d), dy.dtype))
            total = part if total is None else np.add(total, part, out=total)
        sums.append(total)

    share(work, len(blocks), operations=2 * dy.size * c * MULTIPLICATIONS)
    total = functools.reduce(np.add, sums)
    return np.matmul(kernel.T, total.swapaxes(0, 1)).swapaxes(0, 1).reshape(3, 3, c, d)


def _correlate(x, u, b, before, output, save):
    n, (_, c, d) = len(x), u.shape
    to_points, _, from_points = _matrices(x.dtype)
    if b is not None:  # added to each column of tiles as a seventh term
        from_points = np.concat([from_points, np.ones((TILE, 1), x.dtype)], axis=1)
    terms = from_points.shape[1]
    blocks = _blocks(n, *output, c + d, x.itemsize)
    y = empty((n, *output, d), x.dtype)
    saved = None
    if save:
        *_, shape, place = blocks[-1]
        size = (place + POINTS**2 * math.prod(shape)) * c
        saved = empty((size,), x.dtype) if size * x.itemsize <= LARGEST else None

    def work(first, last):
        one, other = _memory(blocks[0], max(c, d), x.dtype), _memory(blocks[0], max(c, d), x.dtype)
        for images, top, shape, place in blocks[first:last]:
            p = math.prod(shape)
            if saved is None:
                v = empty((POINTS**2, p, c), x.dtype)
            else:
                v = saved[place * c : (place + POINTS**2 * p) * c].reshape(POINTS**2, p, c)
            start = TILE * top - before[0], -before[1]
            _to_points(to_points, x[images], start, v.reshape(POINTS, POINTS, *shape, c), one, other)
            m = _array(one, POINTS**2, p, d)
            np.matmul(v, u, out=m)
            half = _array(other, TILE, terms * p * d)
            np.matmul(from_points[:, :POINTS], m.reshape(POINTS, -1), out=half[:, : POINTS * p * d])
            half[:, POINTS * p * d :].reshape(TILE, -1, d)[...] = b
            tiles = _array(one, TILE, TILE, *shape, d)
            np.matmul(from_points, half.reshape(TILE, terms, p * d), out=tiles.reshape(TILE, TILE, p * d))
            _store(tiles, y[images, TILE * top : TILE * (top + shape[0])])

    share(work, len(blocks), operations=2 * y.size * c * MULTIPLICATIONS)
    return y, saved


@functools.cache
def _matrices(dtype):
    """Matrices of the transforms: of the input (6, 6), of the kernel (36, 9), of the result (4, 6)."""
    r = math.sqrt(0.5)
    points = np.asarray([0, r, -r, 2 * r, -2 * r])
    inputs = np.zeros((POINTS, POINTS))
    for k, p in enumerate(points):
        others = np.delete(points, k)
        inputs[k, :-1] = np.poly(others)[::-1] / np.prod(p - others)
    inputs[-1] = np.poly(points)[::-1]
    infinity = lambda n: np.eye(1, n, n - 1)  # there, a polynomial is its leading coefficient
    kernels = np.concat([np.vander(points, 3, increasing=True), infinity(3)])
    results = np.concat([np.vander(points, TILE, increasing=True), infinity(TILE)]).T
    return tuple([np.ascontiguousarray(m, dtype) for m in (inputs, np.kron(kernels, kernels), results)])


def _kernels(w, *, turned=False):
    """Kernels (3, 3, c, d) at the points, (36, c, d); those of the transposed problem are turned round, (36, d, c)."""
    matrix, taps = _matrices(w.dtype)[1], w.reshape(9, *w.shape[2:])
    if turned:
        matrix, taps = np.ascontiguousarray(matrix[:, ::-1]), np.ascontiguousarray(taps.swapaxes(1, 2))
    u = empty((POINTS**2, *taps.shape[1:]), w.dtype)
    # one small product for each channel: faster than a single one, and no thread of BLAS is woken
    np.matmul(matrix, taps.swapaxes(0, 1), out=u.swapaxes(0, 1))
    return u


@functools.lru_cache(256)
def _blocks(n, height, width, channels, itemsize):
    """Return (images, first row of tiles, (rows of tiles, columns of tiles, images), place in memory) of blocks."""
    rows, columns = -(-height // TILE), -(-width // TILE)
    most = max(FEWEST, CACHED // (POINTS**2 * channels * itemsize))
    several = min(n, max(1, most // columns), max(2 * RUN // channels, most // (columns * rows)))
    several = -(-n // -(-n // several))
    some = min(rows, max(1, most // (columns * several)))
    some = -(-rows // -(-rows // some))
    found, place = [], 0
    for first, top in itertools.product(range(0, n, several), range(0, rows, some)):
        shape = min(some, rows - top), columns, min(several, n - first)
        found.append((slice(first, first + several), top, shape, place))
        place += POINTS**2 * math.prod(shape)
    return found


def _memory(block, channels, dtype):
    """Memory for one step of a block of tiles with some channels; the steps go from one to another and back."""
    rows, columns, m = block[2]
    return empty(((POINTS * rows + 2) * (POINTS * columns + 2) * m * channels,), dtype)


def _array(memory, *shape):
    return memory[: math.prod(shape)].reshape(shape)


def _to_points(matrix, x, start, out, one, other):
    """Tiles of images (m, h, w, c), the first at ``start``, at the points: (6, 6, rows, columns, m, c)."""
    _, _, rows, columns, m, c = out.shape
    size = matrix.shape[1]  # entries of a tile, those shared with its neighbors too
    height, width = TILE * (rows - 1) + size, TILE * (columns - 1) + size
    fill(_array(one, height, width, m, c).transpose(2, 0, 1, 3), x, start)
    entry = out.itemsize
    line, row = width * m * c * entry, m * c * entry
    # overlapping tiles, without a copy; NumPy's as_strided takes ten times as long
    bands = np.ndarray((rows, size, width * m * c), out.dtype, one, 0, (TILE * line, line, entry))
    half = _array(other, rows, POINTS, width * m * c)
    np.matmul(matrix, bands, out=half)
    shape, strides = (rows, POINTS, columns, size, m * c), (POINTS * line, line, TILE * row, row, entry)
    tiles = np.ndarray(shape, out.dtype, other, 0, strides)
    np.matmul(matrix, tiles, out=out.reshape(POINTS, POINTS, rows, columns, m * c).transpose(2, 0, 3, 1, 4))


def _store(tiles, y):
    """Fill images (m, h, w, d) from tiles (4, 4, rows, columns, m, d), which may reach beyond."""
    for (i, r, p), (j, s, q) in itertools.product(_whole_and_rest(y.shape[1]), _whole_and_rest(y.shape[2])):
        part = y[:, TILE * i.start : TILE * i.start + p, TILE * j.start : TILE * j.start + q]
        shape = len(y), i.stop - i.start, r, j.stop - j.start, s, y.shape[3]
        part.reshape(shape)[...] = tiles[:r, :s, i, j].transpose(4, 2, 0, 3, 1, 5)


def _whole_and_rest(n):
    """Tiles along an axis, entries of each that count, entries in all."""
    whole, rest = divmod(n, TILE)
    return [(slice(0, whole), TILE, TILE * whole)] * (whole > 0) + [(slice(whole, whole + 1), rest, rest)] * (
        rest > 0
    )
