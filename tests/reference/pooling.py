"""Pooling."""

from xdl import nn

from ._graph import Unsupported, first, last, operator
from .convolution import padding, per_axis


def _ceiling(pads, sizes, kernel, stride, dilation):
    """Padding at the end with which the places are as many as rounding up gives."""
    n = len(kernel)
    pads = [0] * (2 * n) if pads is None else list(pads)
    for i in range(n):
        extent = dilation[i] * (kernel[i] - 1) + 1
        room = sizes[i] + pads[i] + pads[n + i] - extent
        places = -(-room // stride[i]) + 1
        if (places - 1) * stride[i] >= sizes[i] + pads[i]:
            places -= 1  # a window may not begin in the padding at the end
        pads[n + i] += max((places - 1) * stride[i] - room, 0)
    return pads


def _options(x, auto_pad, ceil_mode, dilations, kernel_shape, pads, strides):
    n = x.ndim - 2
    stride, dilation = per_axis(strides, n), per_axis(dilations, n)
    if ceil_mode:
        pads = _ceiling(pads, x.shape[2:], kernel_shape, stride, dilation)
    return tuple(kernel_shape), {
        "stride": stride,
        "padding": padding(auto_pad, pads, n, (x.shape[2:], kernel_shape, stride, dilation)),
        "dilation": dilation,
    }


@operator("MaxPool")
def _(
    xp, x, *, auto_pad="NOTSET", ceil_mode=0, dilations=None, kernel_shape, pads=None, storage_order=0,
    strides=None, outputs,
):  # fmt: skip
    if len(outputs) > 1:
        raise Unsupported("places of the maxima")
    window, options = _options(x, auto_pad, ceil_mode, dilations, kernel_shape, pads, strides)
    return first(xp, nn.max_pool(last(xp, x), window, **options))


@operator("AveragePool")
def _(
    xp, x, *, auto_pad="NOTSET", ceil_mode=0, count_include_pad=0, dilations=None, kernel_shape, pads=None,
    strides=None,
):  # fmt: skip
    if ceil_mode and count_include_pad:
        raise Unsupported("rounding up where padding counts: what is added to round up does not")
    window, options = _options(x, auto_pad, ceil_mode, dilations, kernel_shape, pads, strides)
    y = nn.avg_pool(last(xp, x), window, **options, count_include_pad=bool(count_include_pad))
    return first(xp, y)


@operator("LpPool")
def _(
    xp, x, *, auto_pad="NOTSET", ceil_mode=0, dilations=None, kernel_shape, p=2, pads=None, strides=None
):  # fmt: skip
    window, options = _options(x, auto_pad, ceil_mode, dilations, kernel_shape, pads, strides)
    return first(xp, nn.lp_pool(last(xp, x), window, p, **options))


@operator("GlobalAveragePool")
def _(xp, x):
    y = first(xp, nn.global_avg_pool(last(xp, x)))
    return xp.reshape(y, (*x.shape[:2], *(1,) * (x.ndim - 2)))


@operator("GlobalMaxPool")
def _(xp, x):
    y = first(xp, nn.global_max_pool(last(xp, x)))
    return xp.reshape(y, (*x.shape[:2], *(1,) * (x.ndim - 2)))
