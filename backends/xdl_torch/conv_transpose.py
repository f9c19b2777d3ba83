"""Transposed convolution with PyTorch's own kernels."""

from xdl.core import array_namespace
from xdl.nn._conv import check_dtype
from xdl.nn._conv_transpose import check_conv_transpose, conv_transpose

from ._images import FLOATING, transposed


@conv_transpose.method("torch")
def _(x, w, b=None, /, *, stride, padding, output_padding, dilation, groups, precision):
    g = check_conv_transpose(x, w, b, stride, padding, output_padding, dilation, groups, precision)
    if x.dtype not in FLOATING:
        check_dtype(array_namespace(x), x)
    return transposed(x, w, b, g)
