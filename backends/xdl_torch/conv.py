"""Convolution with PyTorch's own kernels."""

import torch
import torch.nn.functional as F

from xdl.core import array_namespace
from xdl.nn._conv import (
    check_conv,
    check_dtype,
    conv,
    conv_input_gradient,
    conv_pullback,
    conv_weight_gradient,
)

from ._images import FLOATING, crop, images, kernels, like_arrays, like_kernels, movement, pad, transposed

CONV = {4: F.conv2d, 5: F.conv3d}


@conv.method("torch")
def _(x, w, b=None, /, *, stride, padding, dilation, groups, precision):
    g = check_conv(x, w, b, stride, padding, dilation, groups, precision)
    if x.dtype not in FLOATING:
        check_dtype(array_namespace(x), x)
    stride, padding, dilation, even = movement(g)
    ndim = x.ndim - 2
    if not even:
        x, padding = pad(x, g.padding), 0
    x = images(x)
    return like_arrays(CONV[x.ndim](x, kernels(w), b, stride, padding, dilation, groups), ndim)


@conv_input_gradient.method("torch")
def _(dy, w, /, *, geometry, precision):
    return transposed(dy, w, None, geometry)


@conv_weight_gradient.method("torch", when=lambda x, dy, /, **options: not x.is_complex())
def _(x, dy, /, *, geometry, precision):
    w = dy.new_empty(1).expand(*geometry.kernel, x.shape[-1] // geometry.groups, dy.shape[-1])
    return _gradients(dy, x, w, geometry, (False, True, False))[1]


@conv_pullback.method("torch", when=lambda dy, x, w, /, **options: not x.is_complex())
def _(dy, x, w, /, *, geometry, precision, wanted, saved=None):
    return _gradients(dy, x, w, geometry, (wanted[0], wanted[1], any(wanted[2:])))


def _gradients(dy, x, w, g, wanted):
    stride, padding, dilation, even = movement(g)
    ndim = x.ndim - 2
    if not even:
        x = pad(x, g.padding)
    x = images(x)
    nothing = [0] * (x.ndim - 2)
    dx, dw, db = torch.ops.aten.convolution_backward(
        images(dy),
        x,
        kernels(w),
        [w.shape[-1]],
        stride,
        padding if even else nothing,
        dilation,
        False,  # not transposed
        nothing,
        g.groups,
        wanted,
    )
    if wanted[0]:
        dx = like_arrays(dx, ndim) if even else crop(like_arrays(dx, ndim), g)
    return dx, like_kernels(dw, ndim) if wanted[1] else None, db
