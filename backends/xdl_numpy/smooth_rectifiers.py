"""Softplus with NumPy: in place, block by block."""

import numpy as np

from xdl.nn._activations.smooth_rectifiers import softplus, softplus_pullback

from ._blocks import elementwise, is_real


@softplus.method("numpy", when=is_real)
def _(x, /):
    return elementwise(_softplus, x, scratch=1)


def _softplus(x, y, t):
    np.abs(x, out=t)
    np.negative(t, out=t)
    np.exp(t, out=t)
    np.log1p(t, out=t)
    np.maximum(x, 0, out=y)
    np.add(y, t, out=y)


@softplus_pullback.method("numpy", when=lambda dy, y, /: is_real(y) and dy.dtype == y.dtype)
def _(dy, y, /):
    return elementwise(_softplus_pullback, y, dy)


def _softplus_pullback(y, dy, dx):
    np.negative(y, out=dx)
    np.expm1(dx, out=dx)
    np.multiply(dx, dy, out=dx)
    np.negative(dx, out=dx)
