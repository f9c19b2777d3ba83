"""Sampling of images at places that are data."""

import itertools
import math
from typing import Any

from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

from ._geometry import Sizes, per_axis
from ._precision import narrow, widen

__all__ = ["affine_grid", "grid_sample"]


@generic
def grid_sample(
    x: Array,
    grid: Array,
    /,
    *,
    mode: str = "linear",
    padding_mode: str = "zeros",
    align_corners: bool = False,
) -> Array:
    """Values of images at the places of a grid.

    Parameters
    ----------
    x : (n, *spatial, c) array
        One to three spatial axes.
    grid : (n, *output, k) array
        Places, with ``k`` coordinates for ``k`` spatial axes, the last axis first: (x, y) of images, (x, y, z) of volumes.
        From -1 to 1 across the image. NaN counts as -1, as PyTorch documents.
    mode : {"linear", "nearest"}
        ``"linear"`` weighs the ``2 ** k`` entries around a place; ``"nearest"`` takes the next entry, of two
        equally near ones the even one, and has no derivative with respect to the grid.
    padding_mode : {"zeros", "border", "reflection"}
        What lies outside: zeros, the entry at the border, or the image mirrored.
    align_corners : bool
        Whether -1 and 1 are the centers of the first and the last entry, or their outer edges.

    Returns
    -------
    (n, *output, c) array
        Computed in float32 if the dtype is half precision.

    Raises
    ------
    ValueError
        If the shapes or options do not fit.
    TypeError
        If the dtypes differ or are not real floating-point.

    Notes
    -----
    As ``torch.nn.functional.grid_sample``, which also has a bicubic mode, and no images of one axis.

    References
    ----------
    Jaderberg et al. (2015), arXiv:1506.02025, equations 5 to 7
    """
    check_grid_sample(x, grid, mode, padding_mode)
    xp = array_namespace(x, grid)
    spatial = tuple(x.shape[1:-1])
    image, places = widen(xp, x), widen(xp, grid)
    n, c, ndim = x.shape[0], x.shape[-1], len(spatial)
    batch = xp.arange(n, device=device_of(x))  # its dtype is that of indices
    below, parts = [], []
    for k, size in enumerate(spatial):
        place = _entries(xp, places[..., ndim - 1 - k], size, padding_mode, align_corners)
        floor = xp.round(place) if mode == "nearest" else xp.floor(place)
        below.append(xp.astype(floor, batch.dtype))
        parts.append(place - floor)
    batch = xp.reshape(batch, (-1, *(1,) * ndim))
    rows = xp.reshape(image, (n * math.prod(spatial), c))
    y = None
    for corner in itertools.product((0, 1) if mode == "linear" else (0,), repeat=ndim):
        index, within, weight = batch, None, None
        for i, part, step, size in zip(below, parts, corner, spatial, strict=True):
            i = i + step
            here = xp.logical_and(i >= 0, i < size)
            within = here if within is None else xp.logical_and(within, here)
            index = index * size + xp.clip(i, 0, size - 1)
            w = part if step else 1 - part
            weight = w if weight is None else weight * w
        values = xp.take(rows, xp.reshape(index, (-1,)), axis=0)
        values = xp.where(xp.expand_dims(within, axis=-1), xp.reshape(values, (*grid.shape[:-1], c)), 0.0)
        if mode == "linear":
            values = values * xp.expand_dims(weight, axis=-1)
        y = values if y is None else y + values
    return narrow(xp, y, x)  # pyright: ignore[reportArgumentType]


def _entries(xp: Any, place: Array, n: int, padding_mode: str, align_corners: bool) -> Array:
    """Places as entries of an axis of ``n``, between -2 and n + 1."""
    # numbers that neither overflow nor lack a remainder
    place = _clipped(xp, xp.where(place == place, place, -1.0), -LARGE, LARGE)
    place = (place + 1) / 2 * (n - 1) if align_corners else ((place + 1) * n - 1) / 2
    if padding_mode == "zeros":
        return _clipped(xp, place, -2, n + 1)  # beyond, all is zero; an index must not overflow
    if padding_mode == "reflection":
        low, span = (0.0, n - 1) if align_corners else (-0.5, n)
        if span == 0:
            return place * 0
        distance = xp.abs(place - low)
        turns = xp.floor(distance / span)
        rest = distance - turns * span
        place = low + xp.where(turns % 2 == 0, rest, span - rest)
    return _clipped(xp, place, 0, n - 1)


LARGE = 1e18


def _clipped(xp: Any, x: Array, low: float, high: float) -> Array:
    x = xp.where(x > low, x, float(low))
    return xp.where(x < high, x, float(high))


def check_grid_sample(x: Any, grid: Any, mode: str, padding_mode: str) -> None:
    """Refuse what does not fit."""
    if mode not in ("linear", "nearest"):
        message = f"`mode` must be 'linear' or 'nearest', got {mode!r}"
        raise ValueError(message)
    if padding_mode not in ("zeros", "border", "reflection"):
        message = f"`padding_mode` must be 'zeros', 'border' or 'reflection', got {padding_mode!r}"
        raise ValueError(message)
    shape, places = tuple(x.shape), tuple(grid.shape)
    fits = len(shape) == len(places) and 3 <= len(shape) <= 5
    if not fits or places[0] != shape[0] or places[-1] != len(shape) - 2 or 0 in shape[1:-1]:
        message = (
            "expected `x` (n, *spatial, c) with 1 to 3 spatial axes that are not empty, and `grid` (n, *output, k) with "
            f"a coordinate for each of them, got shapes {shape} and {places}"
        )
        raise ValueError(message)
    if x.dtype != grid.dtype:
        message = f"expected `x` and `grid` of one dtype, got {x.dtype} and {grid.dtype}; convert with astype"
        raise TypeError(message)


def affine_grid(theta: Array, size: int | Sizes, /, *, align_corners: bool = False) -> Array:
    """Grid for `grid_sample` that maps images by affine maps.

    Parameters
    ----------
    theta : (n, k, k + 1) array
        For each image the matrix that takes coordinates in the result, followed by 1, to coordinates in
        the image; both in the order of `grid_sample`.
    size : int or tuple of int
        Spatial sizes of the result, for all ``k`` axes or for each.
    align_corners : bool
        As for `grid_sample`.

    Returns
    -------
    (n, *size, k) array

    References
    ----------
    Jaderberg et al. (2015), arXiv:1506.02025, equation 1
    """
    shape = tuple(theta.shape)
    if len(shape) != 3 or not 1 <= shape[1] <= 3 or shape[2] != shape[1] + 1:
        message = f"expected `theta` (n, k, k + 1) with k from 1 to 3, got shape {shape}"
        raise ValueError(message)
    xp, k = array_namespace(theta), shape[1]
    sizes = per_axis("size", size, k)
    coordinates = []
    for i in reversed(range(k)):
        m = sizes[i]
        if align_corners:
            centers = [2 * j / (m - 1) - 1 if m > 1 else 0.0 for j in range(m)]
        else:
            centers = [(2 * j + 1) / m - 1 for j in range(m)]
        row = xp.asarray(centers, dtype=theta.dtype, device=device_of(theta))
        row = xp.reshape(row, tuple([m if j == i else 1 for j in range(k)]))
        coordinates.append(xp.broadcast_to(row, sizes))
    coordinates.append(xp.ones_like(coordinates[0]))
    base = xp.reshape(xp.stack(coordinates, axis=-1), (1, math.prod(sizes), k + 1))
    return xp.reshape(xp.matmul(base, xp.matrix_transpose(theta)), (shape[0], *sizes, k))
