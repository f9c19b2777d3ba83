"""Self-gated activations with NumPy: in place, block by block; the slope is computed beside the value."""

import numpy as np

from xdl.nn._activations.self_gated import mish, mish_and_slope, silu, silu_and_slope

from ._blocks import elementwise, is_real


@silu.method("numpy", when=is_real)
def _(x, /):
    with np.errstate(over="ignore", invalid="ignore"):  # x / inf is 0; -inf gives NaN, which is said
        return elementwise(_silu, x)


def _silu(x, y):
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.divide(x, y, out=y)


@silu_and_slope.method("numpy", when=is_real)
def _(x, /):
    with np.errstate(over="ignore", invalid="ignore"):
        return elementwise(_silu_and_slope, x, results=2, scratch=1)


def _silu_and_slope(x, y, slope, s):
    np.negative(x, out=s)
    np.exp(s, out=s)
    np.add(s, 1, out=s)
    np.divide(1, s, out=s)
    np.multiply(x, s, out=y)
    np.subtract(1, s, out=slope)
    np.multiply(slope, y, out=slope)
    np.add(slope, s, out=slope)


@mish.method("numpy", when=is_real)
def _(x, /):
    with np.errstate(invalid="ignore"):
        return elementwise(_mish, x, scratch=1)


def _odds(x, n, e):
    np.minimum(x, 20, out=e)
    np.exp(e, out=e)
    np.add(e, 2, out=n)
    np.multiply(n, e, out=n)


def _mish(x, y, t):
    _odds(x, y, t)
    np.add(y, 2, out=t)
    np.divide(y, t, out=y)
    np.multiply(y, x, out=y)


@mish_and_slope.method("numpy", when=is_real)
def _(x, /):
    with np.errstate(invalid="ignore"):
        return elementwise(_mish_and_slope, x, results=2, scratch=2)


def _mish_and_slope(x, y, slope, e, q):
    _odds(x, y, e)
    np.add(y, 2, out=q)
    np.divide(y, q, out=y)
    np.divide(2, q, out=q)
    # (q e) (q (e + 1)) is the slope of the step, times a bounded x
    np.multiply(q, e, out=slope)
    np.add(e, 1, out=e)
    np.multiply(e, q, out=e)
    np.multiply(slope, e, out=slope)
    x.clip(-200, 20, out=e)
    np.multiply(slope, e, out=slope)
    np.add(slope, y, out=slope)
    np.multiply(y, x, out=y)
