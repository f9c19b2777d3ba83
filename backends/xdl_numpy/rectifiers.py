"""Rectifiers with NumPy, whose ``where`` is slow: what is selected are the bits."""

import numpy as np

from xdl.nn._activations.rectifiers import (
    check_prelu,
    gate,
    leaky_gate,
    leaky_relu,
    prelu,
    relu,
    threshold,
)

from ._blocks import elementwise, is_real, like, selected


@relu.method("numpy")
def _(x, /):
    return np.maximum(x, 0, out=like(x, x.dtype))


@gate.method("numpy", when=lambda x, y, /: x.dtype.kind == "f")
def _(x, y, /):
    # The product of integers selects the bits of x: twelve times faster than where, and safe with infinities.
    bits = np.dtype(f"i{x.itemsize}")
    return np.multiply(y > 0, x.view(bits), out=like(y, bits)).view(x.dtype)


@threshold.method("numpy", when=lambda x, /, *, threshold, value: is_real(x) and value == 0)
def _(x, /, *, threshold, value):
    def kernel(x, y):
        bits = f"i{x.itemsize}"
        # so that NaN stays: it is not at most the threshold
        np.multiply(~(x <= threshold), x.view(bits), out=y.view(bits))

    return elementwise(kernel, x)


@leaky_relu.method("numpy", when=lambda x, /, *, negative_slope: is_real(x) and 0 < negative_slope <= 1)
def _(x, /, *, negative_slope):
    def kernel(x, y):
        np.multiply(x, negative_slope, out=y)
        np.maximum(x, y, out=y)

    return elementwise(kernel, x)


@leaky_gate.method("numpy", when=lambda dy, x, /, *, negative_slope: is_real(x) and dy.dtype == x.dtype)
def _(dy, x, /, *, negative_slope):
    def kernel(x, dy, dx):
        selected(x > 0, 1, negative_slope, out=dx)
        np.multiply(dx, dy, out=dx)

    return elementwise(kernel, x, dy)


@prelu.method("numpy", when=lambda x, slope, /: is_real(x))
def _(x, slope, /):
    check_prelu(x, slope)
    if not np.isfinite(slope).all():
        return prelu.definition(x, slope)
    y = np.minimum(x, 0, out=like(x, x.dtype))
    y = np.multiply(y, slope, out=like(x, x.dtype) if y.ndim == 0 else y)
    return np.add(y, relu(x), out=None if y.ndim == 0 else y)
