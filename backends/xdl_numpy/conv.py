"""Convolution with NumPy: the fastest of several algorithms for each geometry."""

from xdl.nn._conv import (
    check_conv,
    conv,
    conv_forward,
    conv_input_gradient,
    conv_pullback,
    conv_weight_gradient,
)

from . import _depthwise, _fourier, _im2col, _images_last, _planar, _winograd
from ._blocks import is_real
from ._chunks import transposed, turned
from ._conv_choice import algorithm, prefers_gathering


@conv.method("numpy", when=lambda x, w, b=None, /, **options: is_real(x))
def _(x, w, b=None, /, *, stride, padding, dilation, groups, precision):
    g = check_conv(x, w, b, stride, padding, dilation, groups, precision)
    return _forward(x, w, b, g, precision, save=False)[0]


@conv_forward.method("numpy", when=lambda x, w, b=None, /, **options: is_real(x))
def _(x, w, b=None, /, *, stride, padding, dilation, groups, precision):
    g = check_conv(x, w, b, stride, padding, dilation, groups, precision)
    return _forward(x, w, b, g, precision, save=True)


def _forward(x, w, b, g, precision, *, save):
    how = algorithm(len(x), x.shape[-1], w.shape[-1], g, precision)
    if how == "winograd":
        return _winograd.correlate(x, w, b, g.padding, g.output, save=save)
    if how == "images_last":
        return _images_last.correlate(x, w, b, g)
    if how == "depthwise":
        return _depthwise.correlate(x, w, b, g), None
    if how == "fourier":
        return _fourier.correlate(x, w, b, g), None
    if how == "planar":
        return _planar.correlate(x, w, b, g)
    return _im2col.gather(x, w, b, None, g)[0], None


@conv_input_gradient.method(
    "numpy", when=lambda dy, w, /, **options: is_real(dy) and dy.dtype == w.dtype and len(dy) > 0
)
def _(dy, w, /, *, geometry, precision):
    return _pull(dy, None, w, geometry, precision, (True, False), None)[0]


@conv_weight_gradient.method(
    "numpy", when=lambda x, dy, /, **options: is_real(dy) and dy.dtype == x.dtype and len(dy) > 0
)
def _(x, dy, /, *, geometry, precision):
    return _pull(dy, x, None, geometry, precision, (False, True), None)[1]


@conv_pullback.method(
    "numpy", when=lambda dy, x, w, /, **options: is_real(dy) and dy.dtype == x.dtype and len(dy) > 0
)
def _(dy, x, w, /, *, geometry, precision, wanted, saved):
    return _pull(dy, x, w, geometry, precision, wanted, saved)


def _pull(dy, x, w, g, precision, wanted, saved):
    """Cotangents that are wanted; without ``w`` none of ``x`` is, without ``x`` none of ``w``."""
    c, d = w.shape[-2] * g.groups if x is None else x.shape[-1], dy.shape[-1]
    how = algorithm(len(dy), c, d, g, precision)
    dx = dw = None
    if how == "images_last":
        if wanted[0]:
            dx = _images_last.scatter(dy, w, g)
        if wanted[1]:
            return dx, *_images_last.weight_gradient(x, dy, g, any(wanted[2:]), saved)
    elif how == "winograd":
        if wanted[0]:
            dx = _winograd.transpose(dy, w, g.padding, g.spatial)
        if wanted[1]:
            dw = _winograd.weight_gradient(x, dy, g.padding, saved)
    elif how == "fourier":
        if wanted[0]:
            dx = _fourier.transpose(dy, w, g)
        if wanted[1]:
            dw = _fourier.weight_gradient(x, dy, g)
    elif how == "depthwise":
        if wanted[0]:
            dx = _depthwise.scatter(dy, w, g)
        if wanted[1]:
            dw = _depthwise.weight_gradient(x, dy, g)
    elif how == "planar":
        if wanted[0]:
            dx = _planar.scatter(dy, w, g)
        if wanted[1]:
            return dx, *_planar.weight_gradient(x, dy, g, saved)
    elif wanted[0] and prefers_gathering(c // g.groups, d // g.groups, g):
        # the columns of dy serve the kernel too
        dx, dw = _im2col.gather(dy, turned(w, g.groups), None, x if wanted[1] else None, transposed(g))
        dw = None if dw is None else turned(dw, g.groups)
    else:
        if wanted[0]:
            dx = _im2col.scatter(dy, w, g)
        if wanted[1]:
            dw = _im2col.gather(x, None, None, dy, g)[1]
    return dx, dw, _sum(dy) if any(wanted[2:]) else None


def _sum(dy):
    """Sum over images and places: by long rows, and without BLAS, whose threads would be in the way of ours."""
    *_, places, d = dy.shape
    return dy.reshape(-1, places * d).sum(axis=0).reshape(places, d).sum(axis=0)
