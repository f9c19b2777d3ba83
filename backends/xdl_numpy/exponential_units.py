"""Exponential linear units with NumPy: in place, block by block."""

import numpy as np

from xdl.nn._activations.exponential_units import exponential_unit, exponential_unit_and_slope

from ._blocks import elementwise, is_real, selected


@exponential_unit.method("numpy", when=lambda x, /, *, positive, negative, rate: is_real(x) and rate > 0)
def _(x, /, *, positive, negative, rate):
    return elementwise(
        lambda x, y, t: _value(np.minimum(x, 0, out=t), x, y, t, positive, negative, rate), x, scratch=1
    )


def _value(below, x, y, t, positive, negative, rate):
    if rate != 1:
        np.multiply(below, rate, out=t)
    np.expm1(t, out=t)
    if negative != 1:
        np.multiply(t, negative, out=t)
    np.maximum(x, 0, out=y)
    if positive != 1:
        np.multiply(y, positive, out=y)
    np.add(y, t, out=y)


@exponential_unit_and_slope.method(
    "numpy", when=lambda x, /, *, positive, negative, rate: is_real(x) and rate > 0
)
def _(x, /, *, positive, negative, rate):
    left = negative * rate

    def kernel(x, y, slope, t):
        np.minimum(x, 0, out=t)
        np.exp(np.multiply(t, rate, out=slope) if rate != 1 else t, out=slope)  # 1 on the right
        _value(t, x, y, t, positive, negative, rate)
        if left == positive:
            if left != 1:
                np.multiply(slope, left, out=slope)
        else:
            selected(x > 0, positive, left, out=t)
            np.multiply(slope, t, out=slope)

    return elementwise(kernel, x, results=2, scratch=1)
