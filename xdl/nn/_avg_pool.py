"""Pooling by the mean of each window."""

import math
from typing import Any

from xdl.autodiff import linear
from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

from ._geometry import Geometry, Padding, Sizes
from ._patches import widen_real
from ._precision import narrow
from ._windows import Axis, axes_of, check_windows, join, see

__all__ = ["avg_pool", "by_count"]


@generic
def avg_pool(
    x: Array,
    window: int | Sizes,
    /,
    *,
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    dilation: int | Sizes = 1,
    count_include_pad: bool = True,
) -> Array:
    """Mean of each window.

    Parameters
    ----------
    x : (n, *spatial, c) array of real or complex numbers
        One to three spatial axes.
    window : int or tuple of int
        Sizes of the window, one for all axes or for each.
    stride : int or tuple of int, optional
        Step from one window to the next; default: the window, so that windows touch.
    padding : {"valid", "same"}, int or tuple
        Zeros, as for `conv`: an int for all sides, or one ``(before, after)`` per axis. Every window
        must hold an entry of ``x``; PyTorch allows padding up to half the window.
    dilation : int or tuple of int
        Step from one entry of the window to the next (PyTorch has none here).
    count_include_pad : bool
        Whether the zeros of the padding count as entries.

    Returns
    -------
    (n, *output, c) array
        ``output = (spatial + before + after - dilation * (window - 1) - 1) // stride + 1``; summed in
        float32 if the dtype is half precision.

    Raises
    ------
    ValueError
        If the shapes or options do not fit, or a window would lie wholly in the padding.
    TypeError
        If the dtype is not floating-point or complex.

    Notes
    -----
    PyTorch's ``ceil_mode``, windows that run off the end, is padding after, such as
    ``padding=((0, 1), (0, 1))`` with ``count_include_pad=False``.
    """
    xp = array_namespace(x)
    check_mean(xp, x)
    g = check_windows(x, window, stride, padding, dilation)
    y = widen_real(xp, x)
    for a in axes_of(g):
        parts = [part for part, _ in see(xp, y, a, 0.0)]
        y = sum(parts[1:], parts[0])
    return narrow(xp, by_count(xp, y, g, count_include_pad), x)


@generic
def avg_pool_pullback(dy: Array, /, *, geometry: Geometry, count_include_pad: bool) -> Array:
    """Transpose of `avg_pool`: spread each entry evenly over its window."""
    xp = array_namespace(dy)
    dx = by_count(xp, widen_real(xp, dy), geometry, count_include_pad)
    for a in axes_of(geometry):
        dx = join(xp, [dx] * a.kernel, a)
    return narrow(xp, dx, dy)


def by_count(xp: Any, y: Array, g: Geometry, count_include_pad: bool) -> Array:
    """Divide the sum of each window by the number of its entries."""
    if count_include_pad:
        return y / math.prod(g.kernel)
    y = y / math.prod([k for k, p in zip(g.kernel, g.padding, strict=True) if not any(p)])
    real = xp.real(y).dtype if xp.isdtype(y.dtype, "complex floating") else y.dtype
    for a in axes_of(g):
        if a.padded:
            count = xp.asarray(counts(a), dtype=real, device=device_of(y))
            y = y / xp.reshape(count, (-1, *(1,) * (len(y.shape) - a.axis - 1)))
    return y


def counts(a: Axis) -> list[int]:
    """How many of its entries each place sees within the array."""
    ranges = [a.inside(k) for k in range(a.kernel)]
    return [sum(first <= place < last for first, last in ranges) for place in range(a.output)]


def check_mean(xp: Any, x: Array) -> None:
    """Refuse integers and booleans, whose mean is none."""
    if not xp.isdtype(x.dtype, ("real floating", "complex floating")):
        message = f"expected floating-point or complex numbers, got {x.dtype}; convert them with astype"
        raise TypeError(message)


def _of(x: Array, g: Geometry, count_include_pad: bool) -> Array:
    return avg_pool(
        x,
        g.kernel,
        stride=g.stride,
        padding=g.padding,
        dilation=g.dilation,
        count_include_pad=count_include_pad,
    )


def _transpose(
    xp: Any, dy: Array, x: Array, window: Any, *, count_include_pad: bool, **options: Any
) -> Array:
    return avg_pool_pullback(
        dy, geometry=check_windows(x, window, **options), count_include_pad=count_include_pad
    )


linear(avg_pool, _transpose)
linear(
    avg_pool_pullback,
    lambda xp, t, dy, *, geometry, count_include_pad: _of(t, geometry, count_include_pad),
)
