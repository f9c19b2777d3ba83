"""Sigmoids with NumPy: in place, block by block."""

import numpy as np

from xdl.nn._activations.sigmoids import (
    log_sigmoid,
    log_sigmoid_pullback,
    sigmoid,
    sigmoid_pullback,
    tanh,
    tanh_pullback,
)

from ._blocks import elementwise, is_real, like


@sigmoid.method("numpy", when=is_real)
def _(x, /):
    with np.errstate(over="ignore"):  # 1 / inf is the result
        return elementwise(_sigmoid, x)


def _sigmoid(x, y):
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.divide(1, y, out=y)


@sigmoid_pullback.method("numpy", when=lambda dy, y, /: is_real(y) and dy.dtype == y.dtype)
def _(dy, y, /):
    return elementwise(_sigmoid_pullback, y, dy)


def _sigmoid_pullback(y, dy, dx):
    np.subtract(1, y, out=dx)
    np.multiply(dx, y, out=dx)
    np.multiply(dx, dy, out=dx)


@tanh.method("numpy", when=is_real)
def _(x, /):
    return np.tanh(x, out=like(x, x.dtype))


@tanh_pullback.method("numpy", when=lambda dy, y, /: is_real(y) and dy.dtype == y.dtype)
def _(dy, y, /):
    return elementwise(_tanh_pullback, y, dy)


def _tanh_pullback(y, dy, dx):
    np.multiply(y, y, out=dx)
    np.subtract(1, dx, out=dx)
    np.multiply(dx, dy, out=dx)


@log_sigmoid.method("numpy", when=is_real)
def _(x, /):
    return elementwise(_log_sigmoid, x, scratch=1)


def _log_sigmoid(x, y, t):
    np.abs(x, out=t)
    np.negative(t, out=t)
    np.exp(t, out=t)
    np.log1p(t, out=t)
    np.minimum(x, 0, out=y)
    np.subtract(y, t, out=y)


@log_sigmoid_pullback.method("numpy", when=lambda dy, y, /: is_real(y) and dy.dtype == y.dtype)
def _(dy, y, /):
    return elementwise(_log_sigmoid_pullback, y, dy)


def _log_sigmoid_pullback(y, dy, dx):
    np.expm1(y, out=dx)
    np.multiply(dx, dy, out=dx)
    np.negative(dx, out=dx)
