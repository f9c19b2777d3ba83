"""Pieces that the algorithms of convolution share: places in chunks, what they see, and the transposed problem."""

import functools
import itertools
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided

from xdl.nn._geometry import Geometry

from ._memory import empty

__all__ = [
    "FEWEST",
    "UNPACKED",
    "by_entry",
    "chunks",
    "fill",
    "in_parts",
    "meetings",
    "parts",
    "transposed",
    "turned",
    "windows",
]

CACHED = 1 << 19  # bytes of what is made for a chunk
FEWEST = 256  # places of a chunk: products of matrices with fewer rows are slow
UNPACKED = 10**6  # multiplications up to which OpenBLAS packs no matrices, which is dear for narrow ones
PART = 128  # fewest places of a part


@functools.lru_cache(256)
def chunks(n, output, size):
    """Ranges of images and of the first axis of places, where something of ``size`` bytes is made for each place."""
    inner = math.prod(output[1:])
    most = max(FEWEST, CACHED // size)
    images = max(1, min(n, most // (inner * output[0])))
    rows = min(output[0], max(1, most // inner)) if images == 1 else output[0]
    rows = -(-output[0] // -(-output[0] // rows))
    return [
        (slice(i, min(i + images, n)), slice(k, min(k + rows, output[0])))
        for i in range(0, n, images)
        for k in range(0, output[0], rows)
    ]


@functools.lru_cache(1024)
def parts(places, terms, channels):
    """In how many equal parts to multiply matrices (places, terms) and (terms, channels)."""
    fewest = -(-places * terms * channels // UNPACKED)
    return next((k for k in range(fewest, places // PART + 1) if places % k == 0), 1)


def windows(x, g, order=None):
    """What places see, as a view (n, *output, *kernel, c) of ``x`` (n, *spatial, c), or of a padded copy.

    ``order`` is that of the axes of ``x`` in memory; None takes it as it is.
    """
    n, *_, c = x.shape
    as_it_is = order is None or x.transpose(order).flags.c_contiguous
    if not (as_it_is and all(pair == (0, 0) for pair in g.padding)):
        shape = n, *[size + a + b for size, (a, b) in zip(g.spatial, g.padding, strict=True)], c
        order = range(x.ndim) if order is None else order
        padded = empty(tuple([shape[k] for k in order]), x.dtype).transpose(np.argsort(order))
        fill(padded, x, [-a for a, _ in g.padding])
        x = padded
    first, *moves, last = x.strides
    steps = [a * s for a, s in zip(moves, g.stride, strict=True)]
    shifts = [a * e for a, e in zip(moves, g.dilation, strict=True)]
    return as_strided(x, (n, *g.output, *g.kernel, c), (first, *steps, *shifts, last), writeable=False)


def by_entry(seen, *, ones):
    """Columns as rows of places: (entries, places) of a view (*kernel, c, *places), and a row of ones."""
    places = seen.shape[seen.ndim // 2 :]
    terms = math.prod(seen.shape[: seen.ndim // 2])
    columns = empty((terms + ones, math.prod(places)), seen.dtype)
    np.copyto(columns[:terms].reshape(seen.shape), seen)
    if ones:
        columns[terms:] = 1
    return columns


def in_parts(matrix, some):
    """Equal parts of the columns of a matrix: (some, rows, columns / some)."""
    return matrix.reshape(len(matrix), some, -1).swapaxes(0, 1)


def fill(target, x, start):
    """Fill ``target`` (m, *sizes, c) from ``x`` (m, *spatial, c), which is zero outside, from ``start`` on."""
    into, source = [slice(None)], [slice(None)]
    for first, size, n in zip(start, target.shape[1:-1], x.shape[1:-1], strict=True):
        low = min(max(-first, 0), size)
        high = max(low, min(n - first, size))
        if low > 0:
            target[(*into, slice(0, low))] = 0
        if high < size:
            target[(*into, slice(high, None))] = 0
        into.append(slice(low, high))
        source.append(slice(first + low, first + high))
    target[tuple(into)] = x[tuple(source)]


@functools.lru_cache(1024)
def meetings(g, start, stop):
    """Entries of the input, and the places in some rows that see them, by each entry of the kernel.

    Pairs of indices of arrays with one axis before those of space.
    """
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
    all_ = slice(None)
    return [tuple(zip((all_, all_), *pairs, strict=True)) for pairs in itertools.product(*axes)]


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
