"""Channels shifted and scaled to mean 0 and variance 1: columns of matrices, in blocks that stay in the cache.

Arrays are of shape (images, positions, groups, channels of a group). Where there are few channels, several positions
stand side by side in a row, so that loops along it are long. A variance is found by that of blocks, each with the
mean of its own, and of what is between the means (Chan, Golub & LeVeque, 1979, equation 2.1): one pass over the
memory, without the difference of two large numbers. Where Numba is there, large arrays go through its loops.
"""

import numpy as np

from ._numba import loops
from ._threads import share

__all__ = ["forward", "pullback", "shift_and_scale", "sums"]

BLOCK = 1 << 15
WIDE = 256  # columns from which a loop along them is fast
LARGE = 1 << 18  # elements from which compiled loops pay


def _side_by_side(positions, channels):
    """How many positions to put in a row."""
    if channels >= WIDE:
        return 1
    return next((q for q in range(min(positions, 2 * WIDE // channels), 1, -1) if positions % q == 0), 1)


def _step(columns):
    return max(1, BLOCK // columns)


def _blocks(start, stop, columns):
    step = _step(columns)
    return [slice(i, min(i + step, stop)) for i in range(start, stop, step)]


def _moments(x, size):
    """Mean and sum of squares about it for every column of a matrix, in float64; ``size`` is that of all images."""
    rows, columns = x.shape
    mean, squares = np.zeros((2, columns))
    compiled = loops("columns", size, least=LARGE)
    if compiled is not None:
        compiled.moments(x, mean, squares, _step(columns))
        return mean, squares
    done = 0
    spare = np.empty((min(rows, _step(columns)), columns), x.dtype)
    for at in _blocks(0, rows, columns):
        part = x[at]
        n = len(part)
        ones = np.ones(n, x.dtype)
        m = ones @ part
        m /= n
        d = np.subtract(part, m, out=spare[:n])
        np.multiply(d, d, out=d)
        away = m - mean
        squares += (ones @ d).astype(np.float64) + away * away * (done * n / (done + n))
        mean += away * (n / (done + n))
        done += n
    return mean, squares


def forward(x, weight, bias, y, *, eps):
    """Normalize the groups of ``x`` into ``y``; return mean and variance, of shape (images, groups)."""
    images, s, groups, k = x.shape
    q = _side_by_side(s, groups * k)
    mean, var = np.empty((2, images, groups))

    def work(start, stop):
        for i in range(start, stop):
            m, squares = _moments(x[i].reshape(s // q, q * groups * k), x.size)
            m, squares = m.reshape(q, groups, k), squares.reshape(q, groups, k)
            mean[i] = m.mean(axis=(0, 2))
            away = m - mean[i, :, None]
            var[i] = squares.mean(axis=(0, 2)) / (s // q) + (away * away).mean(axis=(0, 2))

    share(work, images, operations=4 * x.size)
    scale = np.repeat(1 / np.sqrt(var + eps), k, axis=1)
    if weight is not None:
        scale *= weight
    shift_and_scale(x, np.repeat(mean, k, axis=1), scale, bias, y)
    return mean.astype(x.dtype), var.astype(x.dtype)


def _over_rows(work, images, rows, operations):
    """Share ``work(image, start, stop)`` among threads: ranges of rows of one image, or images."""
    if images == 1:
        share(lambda start, stop: work(0, start, stop), rows, operations=operations)
    else:
        share(
            lambda start, stop: [work(i, 0, rows) for i in range(start, stop)], images, operations=operations
        )


def shift_and_scale(x, mean, scale, bias, y):
    """Write ``(x - mean) * scale + bias`` to ``y``; mean and scale are of shape (images, channels)."""
    images, s, groups, k = x.shape
    q = _side_by_side(s, groups * k)
    rows, columns = s // q, q * groups * k
    x, y = x.reshape(images, rows, columns), y.reshape(images, rows, columns)
    compiled = loops("columns", x.size, least=LARGE)
    bias = None if bias is None else np.tile(bias, q)

    def work(i, start, stop):
        m = None if mean is None else np.tile(mean[i].astype(x.dtype), q)
        r = np.tile(scale[i].astype(x.dtype), q)
        if compiled is not None:
            none = np.zeros(columns, x.dtype)
            part = slice(start, stop)
            compiled.scale(
                x[i, part], none if m is None else m, r, none if bias is None else bias, y[i, part]
            )
            return
        for at in _blocks(start, stop, columns):
            out = y[i, at]
            if m is None:
                np.multiply(x[i, at], r, out=out)
            else:
                np.subtract(x[i, at], m, out=out)
                out *= r
            if bias is not None:
                out += bias

    _over_rows(work, images, rows, 3 * x.size)


def sums(dy, x, mean, size):
    """Column sums of ``dy`` and of ``dy * (x - mean)``, where these are matrices; ``size`` is that of all images."""
    s, channels = x.shape
    q = _side_by_side(s, channels)
    rows, columns = s // q, q * channels
    dy, x, m = dy.reshape(rows, columns), x.reshape(rows, columns), np.tile(mean, q)
    found = np.zeros((2, columns))
    compiled = loops("columns", size, least=LARGE)
    if compiled is not None:
        compiled.sums(dy, x, m, found, _step(columns))
    else:
        ones = np.ones(min(rows, _step(columns)), x.dtype)
        spare = np.empty((len(ones), columns), x.dtype)
        for at in _blocks(0, rows, columns):
            d = np.subtract(x[at], m, out=spare[: at.stop - at.start])
            d *= dy[at]
            found[0] += ones[: len(d)] @ dy[at]
            found[1] += ones[: len(d)] @ d
    return found.reshape(2, q, channels).sum(axis=1).astype(x.dtype)


def pullback(dy, x, weight, dx, mean, scale, dmean, slope, centered, wanted_sums):
    """Write the cotangent of ``x`` to ``dx`` if it is an array; return those of the parameters.

    ``scale`` is the inverse of the standard deviation, ``slope`` the cotangent of the variance divided by it; they
    and the mean have an entry for each group of each image.
    """
    images, s, groups, k = x.shape
    channels, n = groups * k, s * k
    weight = np.ones(channels, x.dtype) if weight is None else weight
    mean, scale, dmean, slope = (
        np.repeat(a.reshape(images, groups), k, axis=1) for a in (mean, scale, dmean, slope)
    )
    parts = np.empty((images, 2, channels), x.dtype)

    def add(start, stop):
        for i in range(start, stop):
            total, product = sums(dy[i].reshape(s, channels), x[i].reshape(s, channels), mean[i], x.size)
            parts[i] = product * scale[i], total

    share(add, images, operations=4 * x.size)
    if dx is not None:

        def average(a):
            whole = (weight * a).reshape(images, groups, k).sum(axis=2)
            return np.repeat(whole, k, axis=1) / n

        shift = dmean / n - scale * average(parts[:, 1])
        bend = scale * (slope * (2 / n) - scale * average(parts[:, 0]))
        _combine(dy, x, mean, shift, bend, weight * scale, dx)
    return parts.sum(axis=0)


def _combine(dy, x, mean, shift, slope, factor, dx):
    """Write ``dy * factor + (x - mean) * slope + shift`` to ``dx``; the others are of shape (images, channels)."""
    images, s, groups, k = x.shape
    q = _side_by_side(s, groups * k)
    rows, columns = s // q, q * groups * k
    dy, x, dx = (a.reshape(images, rows, columns) for a in (dy, x, dx))
    compiled = loops("columns", x.size, least=LARGE)

    def work(i, start, stop):
        m, a, b, c = (np.tile(v[i], q) for v in (mean, shift, slope, factor))
        if compiled is not None:
            part = slice(start, stop)
            compiled.pull(dy[i, part], x[i, part], m, a, b, c, dx[i, part])
            return
        spare = np.empty((min(rows, _step(columns)), columns), x.dtype)
        for at in _blocks(start, stop, columns):
            t = np.subtract(x[i, at], m, out=spare[: at.stop - at.start])
            t *= b
            t += a
            np.multiply(dy[i, at], c, out=dx[i, at])
            dx[i, at] += t

    _over_rows(work, images, rows, 8 * x.size)
