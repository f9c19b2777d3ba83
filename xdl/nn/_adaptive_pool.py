"""Pooling to a given size, and of whole images."""

import math
from typing import Any

from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

from ._avg_pool import avg_pool, check_mean
from ._geometry import Sizes, per_axis
from ._lp_pool import lp_pool
from ._max_pool import check_order, max_pool
from ._patches import widen_real
from ._picked_rows import pick_rows
from ._precision import narrow

__all__ = [
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "global_avg_pool",
    "global_lp_pool",
    "global_max_pool",
]


@generic
def adaptive_max_pool(x: Array, output_size: int | Sizes, /) -> Array:
    """Largest entry of each of a given number of bins.

    Parameters
    ----------
    x : (n, *spatial, c) array of real numbers
        One to three spatial axes.
    output_size : int or tuple of int
        Number of bins, for all axes or for each.

    Returns
    -------
    (n, *output_size, c) array
        Bin ``i`` of ``m`` on an axis of size ``s`` has the entries from ``floor(i * s / m)`` to
        ``ceil((i + 1) * s / m) - 1``, as in PyTorch; so bins may share entries. Equal entries and NaN are
        treated as by `max_pool`.
    """
    xp = array_namespace(x)
    check_order(xp, x)
    sizes = check_sizes(x, output_size)
    window = divided(x, sizes)
    if window is not None:
        return max_pool(x, window)
    for axis, m in reversed(list(enumerate(sizes, 1))):
        found = bins(x.shape[axis], m)
        y = None
        for k in range(max(len(entries) for entries in found)):
            # the last entry once more, where a bin has fewer: the first of equal ones counts
            part = pick_rows(x, axis=axis, places=tuple([e[min(k, len(e) - 1)] for e in found]))
            if y is not None:
                part = xp.where(xp.logical_and(xp.logical_not(part <= y), y == y), part, y)
            y = part
        x = y  # pyright: ignore[reportAssignmentType]
    return x


@generic
def adaptive_avg_pool(x: Array, output_size: int | Sizes, /) -> Array:
    """Mean of each of a given number of bins.

    Parameters
    ----------
    x : (n, *spatial, c) array of real or complex numbers
        One to three spatial axes.
    output_size : int or tuple of int
        Number of bins, for all axes or for each.

    Returns
    -------
    (n, *output_size, c) array
        Of the bins of `adaptive_max_pool`; summed in float32 if the dtype is half precision.
    """
    xp = array_namespace(x)
    check_mean(xp, x)
    sizes = check_sizes(x, output_size)
    window = divided(x, sizes)
    if window is not None:
        return avg_pool(x, window)
    y = widen_real(xp, x)
    for axis, m in enumerate(sizes, 1):
        y = _mean_of_bins(xp, y, axis, bins(x.shape[axis], m))
    return narrow(xp, y, x)


def _mean_of_bins(xp: Any, x: Array, axis: int, found: list[range]) -> Array:
    column = (-1, *(1,) * (len(x.shape) - axis - 1))
    total = None
    for k in range(max(len(entries) for entries in found)):
        part = pick_rows(x, axis=axis, places=tuple([e[min(k, len(e) - 1)] for e in found]))
        if total is not None:
            there = xp.asarray([k < len(e) for e in found], device=device_of(x))
            part = total + xp.where(xp.reshape(there, column), part, 0.0)
        total = part
    real = xp.real(total).dtype if xp.isdtype(x.dtype, "complex floating") else x.dtype
    count = xp.asarray([len(e) for e in found], dtype=real, device=device_of(x))
    return total / xp.reshape(count, column)


def global_max_pool(x: Array, /, *, keepdims: bool = False) -> Array:
    """Largest entry of each channel: (n, *spatial, c) to (n, c), or to (n, 1, ..., 1, c) with ``keepdims``.

    Equal entries and NaN are treated as by `max_pool`.
    """
    return _squeezed(max_pool(x, _whole(x)), keepdims)


def global_avg_pool(x: Array, /, *, keepdims: bool = False) -> Array:
    """Mean of each channel: (n, *spatial, c) to (n, c), or to (n, 1, ..., 1, c) with ``keepdims``."""
    xp = array_namespace(x)
    check_mean(xp, x)
    axes = tuple(range(1, len(_whole(x)) + 1))
    return narrow(xp, xp.mean(widen_real(xp, x), axis=axes, keepdims=keepdims), x)


def global_lp_pool(x: Array, p: float, /, *, keepdims: bool = False) -> Array:
    """Norm of each channel, as by `lp_pool`: (n, *spatial, c) to (n, c), or to (n, 1, ..., 1, c) with ``keepdims``."""
    return _squeezed(lp_pool(x, _whole(x), p), keepdims)


def _whole(x: Array) -> Sizes:
    """Spatial sizes."""
    shape = tuple(x.shape)
    if not 3 <= len(shape) <= 5 or math.prod(shape[1:-1]) == 0:
        message = (
            f"expected `x` (n, *spatial, c) with 1 to 3 spatial axes that are not empty, got shape {shape}"
        )
        raise ValueError(message)
    return shape[1:-1]


def _squeezed(y: Array, keepdims: bool) -> Array:
    return y if keepdims else array_namespace(y).reshape(y, (y.shape[0], y.shape[-1]))


def check_sizes(x: Any, output_size: Any) -> Sizes:
    """Refuse what does not fit; return one size per spatial axis."""
    return per_axis("output_size", output_size, len(_whole(x)))


def divided(x: Any, sizes: Sizes) -> Sizes | None:
    """Window that makes bins of one size, where there is one."""
    pairs = list(zip(x.shape[1:-1], sizes, strict=True))
    return tuple([n // m for n, m in pairs]) if all(n % m == 0 for n, m in pairs) else None


def bins(n: int, m: int) -> list[range]:
    """Entries of each of ``m`` bins of an axis of ``n``."""
    return [range(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
