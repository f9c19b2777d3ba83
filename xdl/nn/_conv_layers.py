"""Layers of convolution."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, Module, array_namespace, static

from ._conv import conv
from ._conv_transpose import conv_transpose
from ._geometry import Padding, Sizes
from ._initializers import glorot_uniform, zeros

__all__ = ["Conv", "ConvTranspose"]


class Conv(Module):
    """Convolution (`conv`), followed by an activation.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n_in, n_out : int
        Channels before and after.
    kernel_size : tuple of int
        One entry for each spatial axis: ``(3, 3)`` for images.
    stride, padding, dilation, groups, precision
        As for `conv`; ``groups=n_in`` is the depthwise convolution.
    activation : callable, optional
        Elementwise function of the result.
    bias : bool
        Whether there is a bias, which starts at zero.
    init : callable
        Initializer of the kernel, ``init(key, (*kernel_size, n_in / groups, n_out), dtype=dtype)``.
    dtype : dtype, optional
        Default: float32.
    """

    weight: Array
    bias: Array | None
    stride: int | Sizes = static()
    padding: Padding = static()
    dilation: int | Sizes = static()
    groups: int = static()
    precision: str = static()
    activation: Callable[[Array], Array] | None = static()

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_out: int,
        kernel_size: Sizes,
        *,
        stride: int | Sizes = 1,
        padding: Padding = "valid",
        dilation: int | Sizes = 1,
        groups: int = 1,
        activation: Callable[[Array], Array] | None = None,
        bias: bool = True,
        init: Callable[..., Array] = glorot_uniform,
        dtype: Any = None,
        precision: str = "fast",
    ) -> None:
        check_sizes(n_in, n_out, kernel_size, groups)
        self.weight = init(key, (*kernel_size, n_in // groups, n_out), dtype=dtype)
        self.bias = zeros(key, (n_out,), dtype=dtype) if bias else None
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.precision, self.activation = precision, activation

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, *spatial, n_in) to (n, *output, n_out)."""
        y = conv(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            precision=self.precision,
        )
        return y if self.activation is None else self.activation(y)


class ConvTranspose(Module):
    """Transposed convolution (`conv_transpose`), followed by an activation.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n_in, n_out : int
        Channels before and after.
    kernel_size : tuple of int
        One entry for each spatial axis.
    stride, padding, output_padding, dilation, groups, precision
        As for `conv_transpose`.
    activation, bias, dtype
        As for `Conv`.
    init : callable
        Initializer, asked for the shape ``(*kernel_size, n_in / groups, n_out)`` of a kernel from ``n_in`` to ``n_out``
        channels; what it draws is then laid out as (*kernel_size, n_out / groups, n_in). (PyTorch and Keras take
        the fans of that layout, which count outputs as inputs.)
    """

    weight: Array
    bias: Array | None
    stride: int | Sizes = static()
    padding: Padding = static()
    output_padding: int | Sizes = static()
    dilation: int | Sizes = static()
    groups: int = static()
    precision: str = static()
    activation: Callable[[Array], Array] | None = static()

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_out: int,
        kernel_size: Sizes,
        *,
        stride: int | Sizes = 1,
        padding: Padding = "valid",
        output_padding: int | Sizes = 0,
        dilation: int | Sizes = 1,
        groups: int = 1,
        activation: Callable[[Array], Array] | None = None,
        bias: bool = True,
        init: Callable[..., Array] = glorot_uniform,
        dtype: Any = None,
        precision: str = "fast",
    ) -> None:
        check_sizes(n_in, n_out, kernel_size, groups)
        w = init(key, (*kernel_size, n_in // groups, n_out), dtype=dtype)
        self.weight = _transposed(w, groups)
        self.bias = zeros(key, (n_out,), dtype=dtype) if bias else None
        self.stride, self.padding, self.output_padding = stride, padding, output_padding
        self.dilation, self.groups = dilation, groups
        self.precision, self.activation = precision, activation

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (n, *spatial, n_in) to (n, *output, n_out)."""
        y = conv_transpose(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation,
            groups=self.groups,
            precision=self.precision,
        )
        return y if self.activation is None else self.activation(y)


def _transposed(w: Array, groups: int) -> Array:
    """Bring (*kernel, n_in / groups, n_out) to (*kernel, n_out / groups, n_in), group by group."""
    xp = array_namespace(w)
    kernel, (n_in, n_out) = w.shape[:-2], w.shape[-2:]
    w = xp.reshape(w, (*kernel, n_in, groups, n_out // groups))
    last = len(kernel) + 2
    w = xp.permute_dims(w, (*range(last - 2), last, last - 1, last - 2))
    return xp.reshape(w, (*kernel, n_out // groups, groups * n_in))


def check_sizes(n_in: int, n_out: int, kernel_size: Any, groups: int) -> None:
    """Refuse sizes for which there is no kernel."""
    if not isinstance(kernel_size, tuple) or not 1 <= len(kernel_size) <= 3:
        message = (
            "`kernel_size` must be a tuple with one int per spatial axis, 1 to 3 of them, such as (3, 3) for images, "
            f"got {kernel_size!r}"
        )
        raise ValueError(message)
    if not isinstance(groups, int) or groups < 1 or n_in < 1 or n_out < 1 or n_in % groups or n_out % groups:
        message = f"`groups` must divide `n_in` and `n_out`, which are positive, got {groups} for {n_in} and {n_out}"
        raise ValueError(message)
