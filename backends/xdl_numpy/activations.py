"""Activations with NumPy: in place into fresh buffers, block by block."""

import numpy as np

from xdl.nn._activations import CUBIC, SLOPE, gate, gelu, gelu_derivative, relu, sigmoid, softplus

from ._blocks import elementwise, is_real, like


@relu.method("numpy")
def _(x, /):
    return np.maximum(x, 0, out=like(x, x.dtype))


@gate.method("numpy", when=lambda x, y, /: x.dtype.kind == "f")
def _(x, y, /):
    # The product of integers selects the bits of x: twelve times faster than where, and safe with infinities.
    bits = np.dtype(f"i{x.itemsize}")
    return np.multiply(y > 0, x.view(bits), out=like(x, bits)).view(x.dtype)


@sigmoid.method("numpy", when=is_real)
def _(x, /):
    with np.errstate(over="ignore"):  # 1 / inf is the result
        return elementwise(_sigmoid, x)


def _sigmoid(x, y):
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.divide(1, y, out=y)


@softplus.method("numpy", when=is_real)
def _(x, /):
    return elementwise(_softplus, x)


def _softplus(x, y):
    np.abs(x, out=y)
    np.negative(y, out=y)
    np.exp(y, out=y)
    np.log1p(y, out=y)
    np.add(y, np.maximum(x, 0), out=y)


@gelu.method("numpy", when=lambda x, /, *, approximate: approximate and is_real(x))
def _(x, /, *, approximate):
    with np.errstate(over="ignore", invalid="ignore"):
        return elementwise(_gelu, x)


def _gelu(x, y):
    _gelu_tanh(x, y)
    np.add(y, 1, out=y)
    np.multiply(y, x, out=y)
    np.multiply(y, 0.5, out=y)


def _gelu_tanh(x, y):
    np.multiply(x, x, out=y)
    np.multiply(y, CUBIC, out=y)
    np.add(y, SLOPE, out=y)
    np.multiply(y, x, out=y)
    np.tanh(y, out=y)


@gelu_derivative.method("numpy", when=lambda x, /, *, approximate: approximate and is_real(x))
def _(x, /, *, approximate):
    return elementwise(_gelu_derivative, x)


def _gelu_derivative(x, y):
    x = np.clip(x, -10, 10)
    _gelu_tanh(x, y)
    slope = np.multiply(x, x, out=np.empty_like(x))
    np.multiply(slope, 3 * CUBIC, out=slope)
    np.add(slope, SLOPE, out=slope)
    np.multiply(slope, x, out=slope)
    # 0.5 (1 + t) + 0.5 (1 - t) (1 + t) slope = 0.5 (1 + t) (1 + (1 - t) slope)
    np.subtract(slope, slope * y, out=slope)
    np.add(slope, 1, out=slope)
    np.add(y, 1, out=y)
    np.multiply(y, slope, out=y)
    np.multiply(y, 0.5, out=y)
