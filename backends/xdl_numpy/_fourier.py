"""Convolution with large kernels as products of Fourier transforms.

Cyclic sums of the length of the padded input are the sums wanted: what is cut off would be added to zeros. Along an
axis, entry o of the result stands at o * stride - before, and entry k of the kernel at k * dilation.
"""

import functools
import math

import numpy as np

from ._memory import empty
from ._threads import share

__all__ = ["correlate", "lengths", "transpose", "weight_gradient"]


@functools.lru_cache(256)
def lengths(g):
    """Lengths of the transforms: the next ones without prime factors above 5."""
    return tuple([_smooth(n + a + b) for n, (a, b) in zip(g.spatial, g.padding, strict=True)])


def correlate(x, w, b, g):
    """Return y (n, *output, d)."""
    n, d = len(x), w.shape[-1]
    kernels = np.conj(_spectrum(w[None], g.dilation, g)[0])
    y = empty((n, *g.output, d), x.dtype)

    def work(first, last):
        seen = _spectrum(x[first:last], None, g)
        places = [
            np.arange(0, o * s, s) - before
            for o, s, (before, _) in zip(g.output, g.stride, g.padding, strict=True)
        ]
        _back(_product(seen, kernels, g), places, g, y[first:last])
        if b is not None:
            np.add(y[first:last], b, out=y[first:last])

    share(work, n, operations=_operations(n, w, g))
    return y


def transpose(dy, w, g):
    """Cotangent of ``x``, (n, *spatial, c)."""
    n, c = len(dy), w.shape[-2] * g.groups
    kernels = _spectrum(w[None], g.dilation, g)[0]
    kernels = kernels if g.groups > 1 else kernels.swapaxes(-1, -2)
    dx = empty((n, *g.spatial, c), dy.dtype)

    def work(first, last):
        given = _spectrum(dy[first:last], g.stride, g)
        places = [np.arange(size) + before for size, (before, _) in zip(g.spatial, g.padding, strict=True)]
        _back(_product(given, kernels, g), places, g, dx[first:last])

    share(work, n, operations=_operations(n, w, g))
    return dx


def weight_gradient(x, dy, g):
    """Cotangent of ``w``, (*kernel, c / groups, d)."""
    c, d = x.shape[-1], dy.shape[-1]
    seen, given = _spectrum(x, None, g), np.conj(_spectrum(dy, g.stride, g))
    if g.groups > 1:
        found = (seen * given).sum(axis=0)[..., None, :]
    else:
        found = np.matmul(np.moveaxis(seen, 0, -1), np.moveaxis(given, 0, -2))
    dw = np.empty((1, *g.kernel, c // g.groups, d), x.dtype)
    places = [
        np.arange(0, k * e, e) - before
        for k, e, (before, _) in zip(g.kernel, g.dilation, g.padding, strict=True)
    ]
    _back(found[None], places, g, dw)
    return dw[0]


def _spectrum(a, steps, g):
    """Transform of (m, *sizes, ...) along the axes after the first, its entries so many steps apart."""
    ndim = len(g.kernel)
    if steps is not None and max(steps) > 1:
        sizes = [(n - 1) * s + 1 for n, s in zip(a.shape[1:], steps, strict=False)]
        apart = np.zeros((len(a), *sizes, *a.shape[ndim + 1 :]), a.dtype)
        apart[(slice(None), *[slice(None, None, s) for s in steps])] = a
        a = apart
    return np.fft.rfftn(a, lengths(g), axes=tuple(range(1, ndim + 1)))


def _product(a, kernels, g):
    """Multiply spectra (m, *frequencies, c) and (*frequencies, c / groups, d)."""
    if g.groups > 1:
        return a * kernels[..., 0, :]
    product = np.matmul(np.ascontiguousarray(np.moveaxis(a, 0, -2)), kernels)
    return np.moveaxis(product, -2, 0)


def _back(spectrum, places, g, out):
    """Transform back, and write the entries at some places of each axis, counted round, to ``out``."""
    whole = np.fft.irfftn(spectrum, lengths(g), axes=tuple(range(1, len(g.kernel) + 1)))
    for axis, (at, length) in enumerate(zip(places, lengths(g), strict=True), 1):
        whole = np.take(whole, at % length, axis=axis)
    np.copyto(out, whole)


def _operations(n, w, g):
    return 4 * n * math.prod(lengths(g)) * w.shape[-2] * w.shape[-1]


def _smooth(n):
    while True:
        rest = n
        for p in (2, 3, 5):
            while rest % p == 0:
                rest //= p
        if rest == 1:
            return n
        n += 1
