"""Gaussian error linear units with NumPy: in place, block by block; the slope is computed beside the value."""

import numpy as np

from xdl.nn._activations.gaussian_units import (
    CUBIC,
    QUICK,
    SLOPE,
    gelu,
    gelu_and_slope,
    quick_gelu,
    quick_gelu_and_slope,
)

from ._blocks import elementwise, is_real
from ._numba import loops


@gelu.method("numpy", when=lambda x, /, *, approximate: approximate and is_real(x))
def _(x, /, *, approximate):
    compiled = loops("gelu", x.size)
    if compiled is not None:
        numbers = [x.dtype.type(c) for c in (CUBIC, SLOPE, 0.5)]

        def kernel(x, y):
            compiled.argument(x, y, *numbers[:2])
            compiled.value(x, np.tanh(y, out=y), numbers[2])

        return elementwise(kernel, x)
    with np.errstate(over="ignore", invalid="ignore"):
        return elementwise(_gelu, x)


def _gelu(x, y):
    np.multiply(x, x, out=y)
    np.multiply(y, CUBIC, out=y)
    np.add(y, SLOPE, out=y)
    np.multiply(y, x, out=y)
    np.tanh(y, out=y)
    np.add(y, 1, out=y)
    np.multiply(y, x, out=y)
    np.multiply(y, 0.5, out=y)


@gelu_and_slope.method("numpy", when=lambda x, /, *, approximate: approximate and is_real(x))
def _(x, /, *, approximate):
    with np.errstate(over="ignore", invalid="ignore"):
        return elementwise(_gelu_and_slope, x, results=2, scratch=2)


def _gelu_and_slope(x, y, slope, near, t):
    x.clip(-10, 10, out=near)
    np.multiply(near, near, out=slope)
    np.multiply(slope, CUBIC, out=slope)
    np.add(slope, SLOPE, out=y)
    np.multiply(y, near, out=t)
    np.tanh(t, out=t)
    # with p = (1 + t) / 2 the value is x p, and the slope p + p (1 - t) (SLOPE x + 3 CUBIC x**3)
    np.multiply(slope, 2, out=slope)
    np.add(slope, y, out=slope)
    np.multiply(slope, near, out=slope)
    np.subtract(1, t, out=y)
    np.multiply(slope, y, out=slope)
    np.add(slope, 1, out=slope)
    np.add(t, 1, out=t)
    np.multiply(t, 0.5, out=t)
    np.multiply(slope, t, out=slope)
    np.multiply(x, t, out=y)


@quick_gelu.method("numpy", when=is_real)
def _(x, /):
    with np.errstate(over="ignore", invalid="ignore"):
        return elementwise(_quick_gelu, x)


def _quick_gelu(x, y):
    np.multiply(x, -QUICK, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.divide(x, y, out=y)


@quick_gelu_and_slope.method("numpy", when=is_real)
def _(x, /):
    with np.errstate(over="ignore", invalid="ignore"):
        return elementwise(_quick_gelu_and_slope, x, results=2, scratch=1)


def _quick_gelu_and_slope(x, y, slope, s):
    np.multiply(x, -QUICK, out=s)
    np.exp(s, out=s)
    np.add(s, 1, out=s)
    np.divide(1, s, out=s)
    np.multiply(x, s, out=y)
    np.subtract(1, s, out=slope)
    np.multiply(slope, y, out=slope)
    np.multiply(slope, QUICK, out=slope)
    np.add(slope, s, out=slope)
