"""Rows shifted and scaled to mean 0 and variance 1: blocks that stay in the cache, or compiled loops.

Where Numba is there, large arrays go through its loops, which read and write every number once.
"""

import numpy as np

from ._numba import loops
from ._threads import share

__all__ = ["forward", "pullback"]

BLOCK = 1 << 16  # elements; of what is read and written, half stays in the second-level cache
LARGE = 1 << 18  # elements from which compiled loops pay


def forward(x, weight, bias, y, *, eps, centered):
    """Normalize the rows of ``x`` into ``y``; return mean and variance of each."""
    n = x.shape[1]
    mean, var = np.zeros((2, len(x)), x.dtype)
    compiled = loops("rows", x.size, least=LARGE)
    if compiled is not None:
        one = x.dtype.type(1)
        weight = np.full(n, one) if weight is None else weight
        bias = np.zeros(n, x.dtype) if bias is None else bias
        eps = x.dtype.type(eps)

        def work(start, stop):
            compiled.forward(x, weight, bias, y, mean, var, eps, centered, start, stop)
    else:
        ones = np.ones(n, x.dtype)

        def work(start, stop):
            step = max(1, BLOCK // n)
            for i in range(start, stop, step):
                at = slice(i, min(i + step, stop))
                _normalize(x[at], weight, bias, y[at], mean[at], var[at], ones, eps, centered)

    share(work, len(x), operations=8 * x.size)
    return mean, var


def _normalize(x, weight, bias, y, mean, var, ones, eps, centered):
    if centered:
        np.matmul(x, ones, out=mean)
        mean /= len(ones)
        np.subtract(x, mean[:, None], out=y)
        x = y
    np.vecdot(x, x, out=var)
    var /= len(ones)
    scale = np.sqrt(var + eps)
    np.divide(1, scale, out=scale)
    np.multiply(x, scale[:, None], out=y)
    if weight is not None:
        y *= weight
    if bias is not None:
        y += bias


def pullback(dy, x, weight, dx, mean, scale, dmean, slope, centered, sums):
    """Write the cotangent of ``x`` to ``dx`` if it is an array; return those of the parameters if ``sums``.

    ``scale`` is the inverse of the standard deviation, ``slope`` the cotangent of the variance divided by it.
    """
    n = x.shape[1]
    compiled = loops("rows", x.size, least=LARGE)
    parts = {}
    if compiled is not None:
        one = x.dtype.type(1)
        weight = np.full(n, one) if weight is None else weight
        out = np.empty((0, n), x.dtype) if dx is None else dx

        def work(start, stop):
            dw, db = parts[start] = np.zeros((2, n), x.dtype)
            compiled.pullback(
                dy, x, weight, out, dw, db, mean, scale, dmean, slope, centered, sums, start, stop
            )
    else:
        ones = np.full(n, 1 / n, x.dtype)
        average = ones if weight is None else weight * ones[0]

        def work(start, stop):
            step = max(1, BLOCK // (2 * n))
            spare = np.empty((2, min(step, stop - start), n), x.dtype)
            column = np.ones(step, x.dtype)
            total = np.zeros((2, n), x.dtype)
            for i in range(start, stop, step):
                at = slice(i, min(i + step, stop))
                z, product = spare[:, : at.stop - i]
                np.subtract(x[at], mean[at, None], out=z) if centered else np.copyto(z, x[at])
                z *= scale[at, None]
                np.multiply(z, dy[at], out=product)
                if sums:
                    total[0] += column[: len(z)] @ product
                    total[1] += column[: len(z)] @ dy[at]
                if dx is None:
                    continue
                r = scale[at]
                z *= (slope[at] * (2 * ones[0]) - r * (product @ average))[:, None]
                if weight is None:
                    np.multiply(dy[at], r[:, None], out=dx[at])
                else:
                    np.multiply(dy[at], weight, out=dx[at])
                    dx[at] *= r[:, None]
                if centered:
                    z += (dmean[at] * ones[0] - r * (dy[at] @ average))[:, None]
                dx[at] += z
            parts[start] = total

    share(work, len(x), operations=16 * x.size)
    return sum(parts[start] for start in sorted(parts))
