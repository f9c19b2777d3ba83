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

from ._blocks import along, nonempty_rows


@softmax.method("numpy", when=lambda x, /, *, axis: nonempty_rows(x, axis))
def _(x, /, *, axis):
    m = x.max(axis=axis, keepdims=True)
    if not np.isfinite(m).all():
        return softmax.definition(x, axis=axis)
    return along(_softmax, axis, x, m)


def _softmax(axis, x, m, y):
    np.subtract(x, m, out=y)
    np.exp(y, out=y)
    np.divide(y, y.sum(axis=axis, keepdims=True), out=y)


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
