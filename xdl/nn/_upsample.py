"""Resampling of images on a finer or coarser grid."""

from typing import Any

from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

from ._avg_pool import check_mean
from ._geometry import Sizes, per_axis
from ._patches import widen_real
from ._picked_rows import pick_rows
from ._precision import narrow

__all__ = ["upsample"]


@generic
def upsample(
    x: Array,
    /,
    *,
    scale: float | tuple[float, ...] | None = None,
    size: int | Sizes | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> Array:
    """Resample the spatial axes to given sizes, larger or smaller.

    Parameters
    ----------
    x : (n, *spatial, c) array
        One to three spatial axes.
    scale : float or tuple of float, optional
        Ratio of the new sizes to the old ones, rounded down to whole sizes, for all axes or for each.
    size : int or tuple of int, optional
        The new sizes; either these or ``scale``.
    mode : {"nearest", "linear"}
        ``"nearest"`` repeats entries: entry ``i`` of ``m`` is entry ``floor(i * n / m)`` of ``n``. ``"linear"`` is
        linear along each axis, so bilinear for images and trilinear for volumes.
    align_corners : bool
        In linear mode: whether first and last entries stay where they are, as points; else entries are cells,
        and the edges of the first and the last one stay.

    Returns
    -------
    (n, *size, c) array
        In linear mode computed in float32 if the dtype is half precision.

    Raises
    ------
    ValueError
        If the options do not fit.
    TypeError
        If the numbers cannot be averaged, in linear mode.

    Notes
    -----
    As ``torch.nn.functional.interpolate``, without its anti-aliasing. With a ``scale`` that does not give whole
    sizes, the ratio of the sizes counts, as with PyTorch's ``recompute_scale_factor=True``. An infinite entry
    reaches the places that take a part of it; PyTorch's kernel, which runs on its tensors, makes NaN of the others
    beside it.
    """
    xp = array_namespace(x)
    sizes = check_upsample(x, scale, size, mode, align_corners)
    if mode == "nearest":
        for axis, m in enumerate(sizes, 1):
            x = _nearest(xp, x, axis, m)
        return x
    check_mean(xp, x)
    y = widen_real(xp, x)
    for axis, m in enumerate(sizes, 1):
        y = _linear(xp, y, axis, m, align_corners)
    return narrow(xp, y, x)


def _nearest(xp: Any, x: Array, axis: int, m: int) -> Array:
    shape = tuple(x.shape)
    n = shape[axis]
    if m % n:
        return pick_rows(x, axis=axis, places=tuple([i * n // m for i in range(m)]))
    if m == n:
        return x
    repeated = xp.broadcast_to(
        xp.expand_dims(x, axis=axis + 1), (*shape[: axis + 1], m // n, *shape[axis + 1 :])
    )
    return xp.reshape(repeated, (*shape[:axis], m, *shape[axis + 1 :]))


def _linear(xp: Any, x: Array, axis: int, m: int, align_corners: bool) -> Array:
    n = x.shape[axis]
    if n == m:
        return x
    below, above, parts = weights(n, m, align_corners)
    real = xp.real(x).dtype if xp.isdtype(x.dtype, "complex floating") else x.dtype
    t = xp.asarray(parts, dtype=real, device=device_of(x))
    t = xp.reshape(t, (-1, *(1,) * (len(x.shape) - axis - 1)))
    more = pick_rows(x, axis=axis, places=above)
    if not all(parts):
        more = xp.where(t > 0, more, 0.0)  # nothing is taken of an entry that has no part, be it infinite
    return pick_rows(x, axis=axis, places=below) * (1 - t) + more * t


def weights(n: int, m: int, align_corners: bool) -> tuple[Sizes, Sizes, list[float]]:
    """Entries of an axis of ``n`` below and above each of ``m`` places, and how much of the latter is taken."""
    below, above, parts = [], [], []
    for i in range(m):
        # the place, as a fraction
        if align_corners:
            p, q = (i * (n - 1), m - 1) if m > 1 else (0, 1)
        else:
            p, q = max((2 * i + 1) * n - m, 0), 2 * m
        k, rest = divmod(p, q)
        if k >= n - 1:
            k, rest = n - 1, 0
        below.append(k)
        above.append(k + 1 if rest else k)
        parts.append(rest / q)
    return tuple(below), tuple(above), parts


def check_upsample(x: Any, scale: Any, size: Any, mode: str, align_corners: bool) -> Sizes:
    """Refuse what does not fit; return the new sizes."""
    shape = tuple(x.shape)
    if not 3 <= len(shape) <= 5 or 0 in shape[1:-1]:
        message = (
            f"expected `x` (n, *spatial, c) with 1 to 3 spatial axes that are not empty, got shape {shape}"
        )
        raise ValueError(message)
    if mode not in ("nearest", "linear"):
        message = f"`mode` must be 'nearest' or 'linear', got {mode!r}"
        raise ValueError(message)
    if align_corners and mode != "linear":
        message = f"`align_corners` is an option of mode 'linear', got mode {mode!r}"
        raise ValueError(message)
    if (scale is None) == (size is None):
        message = f"give either `scale` or `size`, got scale={scale} and size={size}"
        raise ValueError(message)
    spatial = shape[1:-1]
    if size is not None:
        return per_axis("size", size, len(spatial))
    scales = scale if isinstance(scale, tuple) else (scale,) * len(spatial)
    if len(scales) != len(spatial) or not all(
        s > 0 and int(n * s) for n, s in zip(spatial, scales, strict=False)
    ):
        message = (
            f"`scale` must be positive, for all axes or for each of {len(spatial)}, and leave at least one entry "
            f"of {spatial}, got {scale}"
        )
        raise ValueError(message)
    return tuple([int(n * s) for n, s in zip(spatial, scales, strict=True)])
