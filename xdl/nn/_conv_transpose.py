"""Transposed convolution, which spreads what convolution gathers."""

from typing import Any

from xdl.core import Array, array_namespace, generic

from ._conv import check_dtype, check_operands, conv_input_gradient
from ._geometry import Geometry, Padding, Sizes, transposed_geometry

__all__ = ["conv_transpose"]


@generic
def conv_transpose(
    x: Array,
    w: Array,
    b: Array | None = None,
    /,
    *,
    stride: int | Sizes = 1,
    padding: Padding = "valid",
    output_padding: int | Sizes = 0,
    dilation: int | Sizes = 1,
    groups: int = 1,
    precision: str = "fast",
) -> Array:
    """Transpose of the linear map `conv` with the same kernel and options.

    ``sum(conv(u, w) * x) == sum(u * conv_transpose(x, w))`` for all ``u`` of the shape of the result. The kernel has
    the layout of that convolution, so that the channels of ``x`` are its last axis.

    Parameters
    ----------
    x : (n, *spatial, d) array
    w : (*kernel, c / groups, d) array
        What ``torch.nn.functional.conv_transpose2d`` takes as (d, c / groups, h, w), and
        ``jax.lax.conv_transpose`` as it is, with ``transpose_kernel=True``.
    b : (c,) array, optional
        Bias.
    stride : int or tuple of int
        Step in the result from one place of ``x`` to the next.
    padding : {"valid", "same"}, int or tuple
        How much of the full result is cut off, that is the padding of the convolution: ``"valid"`` cuts nothing,
        and ``"same"`` leaves ``spatial * stride``, as in JAX and TensorFlow; a tuple has ``(before, after)`` per
        axis. (JAX pads ``"valid"`` to ``spatial * stride`` where the kernel is smaller than the stride; numbers in
        JAX pad the dilated ``x`` instead.)
    output_padding : int or tuple of int
        Further entries at the end, fewer than the stride: convolution gives several sizes the same output.
        None with ``"same"``.
    dilation, groups, precision
        As for `conv`.

    Returns
    -------
    (n, *output, c) array
        ``output = (spatial - 1) * stride + dilation * (kernel - 1) + 1 - before - after + output_padding``.

    Raises
    ------
    ValueError
        If the shapes do not fit; nothing is broadcast.
    TypeError
        If the dtypes differ, or are not floating-point; nothing is promoted.

    References
    ----------
    Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, arXiv:1603.07285, relationship 14
    """
    xp = array_namespace(x, w, b)
    check_dtype(xp, x)
    g = check_conv_transpose(x, w, b, stride, padding, output_padding, dilation, groups, precision)
    y = conv_input_gradient(x, w, geometry=g, precision=precision)
    return y if b is None else xp.add(y, b)


def check_conv_transpose(
    x: Any,
    w: Any,
    b: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
    groups: int,
    precision: str,
) -> Geometry:
    """Refuse what does not fit; return the geometry of the convolution whose transpose it is."""
    shape, kernel = tuple(x.shape), tuple(w.shape)
    if len(shape) != len(kernel) or not 3 <= len(shape) <= 5:
        message = (
            "expected `x` (n, *spatial, d) and `w` (*kernel, c / groups, d) with 1 to 3 spatial axes, "
            f"got shapes {shape} and {kernel}"
        )
        raise ValueError(message)
    g = transposed_geometry(
        shape[1:-1],
        kernel[:-2],
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        groups=groups,
    )
    c, d = kernel[-2] * groups, kernel[-1]
    if shape[-1] != d or d % groups or not c or not d:
        message = (
            "expected `w` (*kernel, c / groups, d) with positive c and d that `groups` divides and d the channels "
            f"of `x`, got shape {kernel} with groups={groups} for `x` of shape {shape}"
        )
        raise ValueError(message)
    check_operands(x, w, b, c, precision)
    return g
