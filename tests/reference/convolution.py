"""Convolution and its relatives."""

from xdl import nn

from ._graph import first, last, operator


def padding(auto_pad, pads, ndim, window=None):
    """Padding as xdl has it; ``window`` has the sizes, kernel, stride and dilation, for zeros in front first."""
    if auto_pad == "SAME_UPPER":
        return "same"
    if auto_pad == "SAME_LOWER":
        totals = [
            max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0) for n, k, s, d in zip(*window, strict=True)
        ]
        return tuple((total - total // 2, total // 2) for total in totals)
    if auto_pad == "VALID" or pads is None:
        return "valid"
    return tuple(zip(pads[:ndim], pads[ndim:], strict=True))


def per_axis(value, ndim):
    return (1,) * ndim if value is None else tuple(value)


def kernels(xp, w):
    """(d, c, *kernel) as (*kernel, c, d)."""
    return xp.permute_dims(w, (*range(2, w.ndim), 1, 0))


@operator("Conv")
def _(
    xp,
    x,
    w,
    b=None,
    *,
    auto_pad="NOTSET",
    dilations=None,
    group=1,
    kernel_shape=None,
    pads=None,
    strides=None,
):
    n = x.ndim - 2
    stride, dilation = per_axis(strides, n), per_axis(dilations, n)
    y = nn.conv(
        last(xp, x),
        kernels(xp, w),
        b,
        stride=stride,
        padding=padding(auto_pad, pads, n, (x.shape[2:], w.shape[2:], stride, dilation)),
        dilation=dilation,
        groups=group,
        precision="exact",
    )
    return first(xp, y)


@operator("ConvTranspose")
def _(
    xp, x, w, b=None, *, auto_pad="NOTSET", dilations=None, group=1, kernel_shape=None, output_padding=None,
    output_shape=None, pads=None, strides=None,
):  # fmt: skip
    n = x.ndim - 2
    stride, dilation = per_axis(strides, n), per_axis(dilations, n)
    rest = [0] * n if output_padding is None else list(output_padding)
    if output_shape is not None or auto_pad == "SAME_LOWER":
        if output_shape is None:
            output_shape = [s * m for s, m in zip(stride, x.shape[2:], strict=True)]
        pads, rest = _pads_for(output_shape, x.shape[2:], w.shape[2:], stride, dilation, rest, auto_pad)
        auto_pad = "NOTSET"
    # ONNX has (c, d / groups, *kernel); the transpose of conv has the kernel of conv: (*kernel, d / groups, c)
    v = xp.permute_dims(w, (*range(2, w.ndim), 1, 0))
    y = nn.conv_transpose(
        last(xp, x),
        v,
        b,
        stride=stride,
        padding=padding(auto_pad, pads, n),
        output_padding=tuple(rest),
        dilation=dilation,
        groups=group,
        precision="exact",
    )
    return first(xp, y)


def _pads_for(output_shape, sizes, kernel, stride, dilation, rest, auto_pad):
    """Padding, and what remains, for which a transposed convolution has these sizes."""
    before, after = [], []
    for i, wanted in enumerate(output_shape):
        total = (sizes[i] - 1) * stride[i] + rest[i] + (kernel[i] - 1) * dilation[i] + 1 - wanted
        if total < 0:  # the library has no negative padding: this much remains at the end
            rest[i] -= total
            total = 0
        half = total // 2
        a, b = (half, total - half) if auto_pad == "SAME_UPPER" else (total - half, half)
        before.append(a)
        after.append(b)
    return [*before, *after], rest


@operator("Col2Im", settings=(1, 2))
def _(xp, x, image_shape, block_shape, *, dilations=None, pads=None, strides=None):
    n = len(image_shape)
    kernel, channels = tuple(int(k) for k in block_shape), x.shape[1]
    count = 1
    for k in kernel:
        count *= k
    size = tuple(int(k) for k in image_shape)
    columns = xp.permute_dims(x, (0, 2, 1))  # (n, places, c * kernel)
    columns = xp.reshape(columns, (*columns.shape[:2], channels // count, count))
    columns = xp.permute_dims(columns, (0, 1, 3, 2))
    options = {
        "stride": per_axis(strides, n),
        "padding": padding("NOTSET", pads, n),
        "dilation": per_axis(dilations, n),
    }
    places = nn.unfold(xp.zeros((1, *size, 1), dtype=x.dtype), kernel_size=kernel, **options).shape[1:-1]
    y = xp.reshape(columns, (x.shape[0], *places, count * (channels // count)))
    return first(xp, nn.fold(y, output_size=size, kernel_size=kernel, **options))
