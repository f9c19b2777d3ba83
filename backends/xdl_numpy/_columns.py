"""Channels shifted and scaled to mean 0 and variance 1: columns of matrices, in blocks that stay in the cache.

Arrays are of shape (images, positions, groups, channels of a group). Where there are few channels, several positions
stand side by side in a row, so that NumPy's inner loops are long. A variance is found by that of blocks, each with
the mean of its own, and of what is between the means (Chan, Golub & LeVeque, 1979, equation 2.1): one pass over
the memory, without the difference of two large numbers.
"""

import numpy as np

from ._threads import share

__all__ = ["forward", "pullback", "shift_and_scale", "sums"]

BLOCK = 1 << 15
WIDE = 256  # columns from which a loop along them is fast


def _side_by_side(positions, channels):
    """How many positions to put in a row."""
    if channels >= WIDE:
        return 1
    return next((q for q in range(min(positions, 2 * WIDE // channels), 1, -1) if positions % q == 0), 1)


def _blocks(rows, columns):
    step = max(1, BLOCK // columns)
    return [slice(i, min(i + step, rows)) for i in range(0, rows, step)]


def _moments(x):
    """Mean and sum of squares about it for every column of a matrix, in float64."""
    mean = squares = np.zeros(x.shape[1])
    done = 0
    spare = np.empty((min(len(x), max(1, BLOCK // x.shape[1])), x.shape[1]), x.dtype)
    for at in _blocks(*x.shape):
        part = x[at]
        n = len(part)
        ones = np.ones(n, x.dtype)
        m = ones @ part
        m /= n
        d = np.subtract(part, m, out=spare[:n])
        np.multiply(d, d, out=d)
        away = m - mean
        squares = squares + (ones @ d).astype(np.float64) + away * away * (done * n / (done + n))
        mean = mean + away * (n / (done + n))
        done += n
    return mean, squares


def forward(x, weight, bias, y, *, eps):
    """Normalize the groups of ``x`` into ``y``; return mean and variance, of shape (images, groups)."""
    images, s, groups, k = x.shape
    q = _side_by_side(s, groups * k)
    mean, var = np.empty((2, images, groups))

    def work(start, stop):
        for i in range(start, stop):
            m, squares = _moments(x[i].reshape(s // q, q * groups * k))
            m, squares = m.reshape(q, groups, k), squares.reshape(q, groups, k)
            mean[i] = m.mean(axis=(0, 2))
            away = m - mean[i, :, None]
            var[i] = (squares.mean(axis=(0, 2)) + (away * away).mean(axis=(0, 2)) * (s // q)) / (s // q)

    share(work, images, operations=4 * x.size)
    scale = np.repeat(1 / np.sqrt(var + eps), k, axis=1)
    if weight is not None:
        scale *= weight
    shift_and_scale(x, np.repeat(mean, k, axis=1), scale, bias, y)
    return mean.astype(x.dtype), var.astype(x.dtype)


def shift_and_scale(x, mean, scale, bias, y):
    """Write ``(x - mean) * scale + bias`` to ``y``; mean and scale are of shape (images, channels)."""
    images, s, groups, k = x.shape
    q = _side_by_side(s, groups * k)
    rows, columns = s // q, q * groups * k
    x, y = x.reshape(images, rows, columns), y.reshape(images, rows, columns)
    bias = None if bias is None else np.tile(bias, q)

    def work(start, stop):
        for i in range(start, stop):
            m = None if mean is None else np.tile(mean[i].astype(x.dtype), q)
            r = np.tile(scale[i].astype(x.dtype), q)
            for at in _blocks(rows, columns):
                out = y[i, at]
                if m is None:
                    np.multiply(x[i, at], r, out=out)
                else:
                    np.subtract(x[i, at], m, out=out)
                    out *= r
                if bias is not None:
                    out += bias

    share(work, images, operations=3 * x.size)


def sums(dy, x, mean):
    """Column sums of ``dy`` and of ``dy * (x - mean)``, where these are matrices."""
    s, channels = x.shape
    q = _side_by_side(s, channels)
    rows, columns = s // q, q * channels
    dy, x, m = dy.reshape(rows, columns), x.reshape(rows, columns), np.tile(mean, q)
    ones = np.ones(max(1, BLOCK // columns), x.dtype)
    spare = np.empty((min(rows, len(ones)), columns), x.dtype)
    found = np.zeros((2, columns))
    for at in _blocks(rows, columns):
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
    channels = groups * k
    weight = np.ones(channels, x.dtype) if weight is None else weight
    numbers = [np.repeat(a.reshape(images, groups), k, axis=1) for a in (mean, scale, dmean, slope)]
    parts = np.empty((images, 2, channels), x.dtype)
    q = _side_by_side(s, channels)
    rows, columns = s // q, q * channels

    def work(start, stop):
        for i in range(start, stop):
            m, r, dm, bend = (a[i] for a in numbers)
            total, product = sums(dy[i].reshape(s, channels), x[i].reshape(s, channels), m)
            parts[i] = product * r, total
            if dx is None:
                continue
            average = lambda a: np.repeat((weight * a).reshape(groups, k).sum(axis=1), k) / (s * k)
            a = np.tile(dm / (s * k) - r * average(total), q)
            b = np.tile((bend * (2 / (s * k)) - r * r * average(product)) * r, q)
            c = np.tile(weight * r, q)
            m = np.tile(m, q)
            d, z, out = (array[i].reshape(rows, columns) for array in (dy, x, dx))
            spare = np.empty((min(rows, max(1, BLOCK // columns)), columns), x.dtype)
            for at in _blocks(rows, columns):
                t = np.subtract(z[at], m, out=spare[: at.stop - at.start])
                t *= b
                t += a
                np.multiply(d[at], c, out=out[at])
                out[at] += t

    share(work, images, operations=16 * x.size)
    return parts.sum(axis=0)
