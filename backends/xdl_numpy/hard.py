"""Activations of straight pieces with NumPy: clipped, and their gradients by bits."""

import numpy as np

from xdl.nn._activations.hard import (
    hard_sigmoid,
    hard_silu,
    hard_silu_pullback,
    hard_tanh,
    inside,
    relu6,
)

from ._blocks import elementwise, is_real, like


@relu6.method("numpy", when=is_real)
def _(x, /):
    return np.clip(x, 0, 6, out=like(x, x.dtype))


@hard_tanh.method("numpy", when=lambda x, /, *, low, high: is_real(x) and low <= high)
def _(x, /, *, low, high):
    return np.clip(x, low, high, out=like(x, x.dtype))


@hard_sigmoid.method("numpy", when=is_real)
def _(x, /):
    return elementwise(_hard_sigmoid, x)


def _hard_sigmoid(x, y):
    np.add(x, 3, out=y)
    np.clip(y, 0, 6, out=y)
    np.divide(y, 6, out=y)


@hard_silu.method("numpy", when=is_real)
def _(x, /):
    return elementwise(_hard_silu, x)


def _hard_silu(x, y):
    _hard_sigmoid(x, y)
    np.multiply(y, np.maximum(x, -3), out=y)  # not -inf, which times 0 is NaN


@inside.method("numpy", when=lambda dy, x, /, *, low, high, slope=1.0: is_real(x) and dy.dtype == x.dtype)
def _(dy, x, /, *, low, high, slope):
    def kernel(x, dy, dx):
        within = np.logical_and(x > low, x < high)
        bits = f"i{x.itemsize}"
        np.multiply(within, dy.view(bits), out=dx.view(bits))
        if slope != 1:
            np.multiply(dx, slope, out=dx)

    return elementwise(kernel, x, dy)


@hard_silu_pullback.method("numpy", when=lambda dy, x, /: is_real(x) and dy.dtype == x.dtype)
def _(dy, x, /):
    return elementwise(_hard_silu_pullback, x, dy)


def _hard_silu_pullback(x, dy, dx):
    # the line (2 x + 3) / 6 between the kinks, 0 and 1 beyond them
    within = np.logical_and(x > -3, x < 3)
    bits = f"i{x.itemsize}"
    np.multiply(x, 2, out=dx)
    np.add(dx, 3, out=dx)
    np.divide(dx, 6, out=dx)
    np.multiply(within, dx.view(bits), out=dx.view(bits))
    np.add(dx, x >= 3, out=dx)
    np.multiply(dx, dy, out=dx)
