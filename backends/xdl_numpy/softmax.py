"""Softmax and its relatives with NumPy: rows block by block; infinite entries go to the definitions."""

import numpy as np

from xdl.nn._softmax import (
    log_softmax,
    log_softmax_pullback,
    logsumexp,
    reduced_axes,
    softmax,
    softmax_pullback,
)

from ._blocks import BLOCK, OPERATIONS, along, like, nonempty_rows
from ._numba import loops
from ._threads import share


@softmax.method("numpy", when=lambda x, /, *, axis: nonempty_rows(x, axis))
def _(x, /, *, axis):
    if x.size > BLOCK and axis % x.ndim == x.ndim - 1 and x.flags.c_contiguous:
        y = _by_rows(x)
        return softmax.definition(x, axis=axis) if y is None else y
    m = x.max(axis=axis, keepdims=True)
    if not np.isfinite(m).all():
        return softmax.definition(x, axis=axis)
    return along(_softmax, axis, x, m)


def _softmax(axis, x, m, y):
    np.subtract(x, m, out=y)
    np.exp(y, out=y)
    np.divide(y, y.sum(axis=axis, keepdims=True), out=y)


def _by_rows(x):
    """Softmax of rows, a block at a time; None if a maximum is infinite or NaN."""
    y, n = like(x, x.dtype), x.shape[-1]
    rows, out, strange = x.reshape(-1, n), y.reshape(-1, n), []
    step, ones, compiled = max(1, BLOCK // n), np.ones(n, x.dtype), loops("softmax", x.size)

    def work(start, stop):
        for i in range(start, stop, step):
            part, p = rows[i : min(i + step, stop)], out[i : min(i + step, stop)]
            m = part.max(axis=1)
            if not np.isfinite(m).all():
                strange.append(i)
                return
            if compiled is not None:
                compiled.subtract(part, m, p)
                compiled.divide(np.exp(p, out=p))
                continue
            np.exp(np.subtract(part, m[:, None], out=p), out=p)
            scale = np.matmul(p, ones)  # a product is the fastest sum
            np.multiply(p, np.divide(1, scale, out=scale)[:, None], out=p)

    share(work, len(rows), operations=OPERATIONS * x.size)
    return None if strange else y


@log_softmax.method("numpy", when=lambda x, /, *, axis: nonempty_rows(x, axis))
def _(x, /, *, axis):
    m = x.max(axis=axis, keepdims=True)
    if not np.isfinite(m).all():
        return log_softmax.definition(x, axis=axis)
    return along(_log_softmax, axis, x, m)


def _log_softmax(axis, x, m, y):
    np.subtract(x, m, out=y)
    s = np.exp(y).sum(axis=axis, keepdims=True)
    np.subtract(y, np.log(s), out=y)


@softmax_pullback.method(
    "numpy", when=lambda dy, y, /, *, axis: nonempty_rows(y, axis) and dy.dtype == y.dtype
)
def _(dy, y, /, *, axis):
    return along(_softmax_pullback, axis, y, dy)


def _softmax_pullback(axis, y, dy, dx):
    np.multiply(y, dy, out=dx)
    np.subtract(dy, dx.sum(axis=axis, keepdims=True), out=dx)
    np.multiply(dx, y, out=dx)


@log_softmax_pullback.method(
    "numpy", when=lambda dy, y, /, *, axis: nonempty_rows(y, axis) and dy.dtype == y.dtype
)
def _(dy, y, /, *, axis):
    return along(_log_softmax_pullback, axis, y, dy)


def _log_softmax_pullback(axis, y, dy, dx):
    np.exp(y, out=dx)
    np.multiply(dx, dy.sum(axis=axis, keepdims=True), out=dx)
    np.subtract(dy, dx, out=dx)


@logsumexp.method("numpy", when=lambda x, /, *, axis, keepdims: nonempty_rows(x, axis))
def _(x, /, *, axis, keepdims):
    axes = reduced_axes(axis, x.ndim)
    m = x.max(axis=axes, keepdims=True)
    if not np.isfinite(m).all():
        return logsumexp.definition(x, axis=axis, keepdims=keepdims)
    y = x - m
    s = np.exp(y, out=y).sum(axis=axes, keepdims=True)
    y = np.log(s, out=s)
    y += m
    return y if keepdims else y.squeeze(axes)
