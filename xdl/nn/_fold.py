"""Patches of images as rows, and the sum of patches into images: maps that are the transposes of each other."""

import functools
import math
from collections.abc import Sequence
from typing import Any

from xdl.autodiff import linear
from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

from ._geometry import Geometry, Padding, Sizes, geometry, per_axis
from ._patches import grouped, padded, positions, seen, spread, ungrouped

__all__ = ["fold", "unfold"]


@generic
def unfold(
    x: Array,
    /,
    *,
    kernel_size: int | Sizes,
    stride: int | Sizes = 1,
    padding: Padding = "valid",
    dilation: int | Sizes = 1,
) -> Array:
    """Patches that a kernel sees at its places, one per row (im2col).

    ``conv(x, w)`` with the same options is ``unfold(x) @ reshape(w, (-1, d))``.

    Parameters
    ----------
    x : (n, *spatial, c) array
        With one, two or three spatial axes.
    kernel_size : int or tuple of int
    stride, padding, dilation
        As for `conv`.

    Returns
    -------
    (n, *output, k * c) array
        ``k`` entries of the kernel, in the order of ``reshape``, each with its channels. (PyTorch gives (n, c * k,
        output): channels first.)

    Raises
    ------
    ValueError
        If there is no place for the kernel.

    See Also
    --------
    fold : the transpose

    References
    ----------
    Chellapilla, Puri & Simard (2006), High performance convolutional neural networks for document processing
    """
    xp = array_namespace(x)
    g = check_unfold(x, kernel_size, stride, padding, dilation)
    x = padded(xp, grouped(xp, x, 1), g.padding)
    return ungrouped(xp, xp.concat([seen(x, start, g.stride, g.output) for start in positions(g)], axis=-1))


@generic
def fold(
    y: Array,
    /,
    *,
    output_size: int | Sizes,
    kernel_size: int | Sizes,
    stride: int | Sizes = 1,
    padding: Padding = "valid",
    dilation: int | Sizes = 1,
) -> Array:
    """Sum of patches, each at its place (col2im): the transpose of `unfold`.

    ``sum(unfold(x) * y) == sum(x * fold(y))`` for all ``x`` of the spatial sizes ``output_size``.

    Parameters
    ----------
    y : (n, *output, k * c) array
    output_size : int or tuple of int
        Sizes of the result, which the sizes of ``y`` do not tell where the stride is not 1.
    kernel_size, stride, padding, dilation
        As for `unfold`.

    Returns
    -------
    (n, *output_size, c) array
        Where patches overlap, their sum; where none lies, 0.

    Raises
    ------
    ValueError
        If the shape does not fit.

    See Also
    --------
    unfold : the transpose
    """
    xp = array_namespace(y)
    g = check_fold(y, output_size, kernel_size, stride, padding, dilation)
    c = y.shape[-1] // math.prod(g.kernel)

    def phase(y: Array, taps: Sequence[tuple[int, Sizes]], stride: Sizes, sizes: Sizes) -> Array:
        parts = [seen(y[..., k * c : (k + 1) * c], start, stride, sizes) for k, start in taps]
        if not parts:
            return xp.zeros((*y.shape[:2], *sizes, c), dtype=y.dtype, device=device_of(y))
        return functools.reduce(xp.add, parts)

    return ungrouped(xp, spread(xp, grouped(xp, y, 1), g, phase))


linear(
    unfold,
    lambda xp, dy, x, **options: fold(dy, output_size=x.shape[1:-1], **options),
)
linear(
    fold,
    lambda xp, dx, y, *, output_size, **options: unfold(dx, **options),
)


def check_unfold(x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> Geometry:
    """Refuse what does not fit; return the geometry."""
    ndim = len(x.shape) - 2
    if not 1 <= ndim <= 3:
        message = f"expected `x` (n, *spatial, c) with 1 to 3 spatial axes, got shape {tuple(x.shape)}"
        raise ValueError(message)
    kernel = per_axis("kernel_size", kernel_size, ndim)
    return geometry(x.shape[1:-1], kernel, stride=stride, padding=padding, dilation=dilation)


def check_fold(
    y: Any, output_size: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> Geometry:
    """Refuse what does not fit; return the geometry."""
    shape = tuple(y.shape)
    ndim = len(shape) - 2
    if not 1 <= ndim <= 3:
        message = f"expected `y` (n, *output, k * c) with 1 to 3 axes of places, got shape {shape}"
        raise ValueError(message)
    kernel = per_axis("kernel_size", kernel_size, ndim)
    spatial = per_axis("output_size", output_size, ndim)
    g = geometry(spatial, kernel, stride=stride, padding=padding, dilation=dilation)
    k = math.prod(g.kernel)
    if shape[1:-1] != g.output or shape[-1] % k:
        message = (
            f"expected `y` of shape (n, {', '.join(map(str, g.output))}, {k} * c) for the output size {g.spatial} and "
            f"the kernel {g.kernel}, got {shape}"
        )
        raise ValueError(message)
    return g
