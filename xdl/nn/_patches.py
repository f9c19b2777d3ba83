"""Patches of an array that a kernel sees, as rows of matrices, and products with them."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from array_api_compat import device

from xdl.core import Array

from ._geometry import Geometry, Sizes

__all__ = [
    "chunks",
    "correlate",
    "grouped",
    "interleave",
    "kernels_of",
    "pad",
    "positions",
    "rows_of",
    "seen",
    "ungrouped",
    "widen_real",
]

# Products of matrices narrower than this are limited by memory: entries of the kernel are put together up to it.
WIDE = 64


def pad(xp: Any, x: Array, padding: Sequence[tuple[int, int]]) -> Array:
    """Put zeros before and after the spatial axes."""
    for axis, (before, after) in enumerate(padding, 1):
        parts = [_zeros(xp, x, axis, before), x, _zeros(xp, x, axis, after)]
        parts = [part for part in parts if part is x or part.shape[axis]]
        x = xp.concat(parts, axis=axis) if len(parts) > 1 else x
    return x


def _zeros(xp: Any, x: Array, axis: int, n: int) -> Array:
    return xp.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), dtype=x.dtype, device=device(x))


def widen_real(xp: Any, x: Array) -> Array:
    """Return ``x``, in float32 if it is half precision; complex numbers stay."""
    if x.dtype in (xp.float32, xp.float64) or not xp.isdtype(x.dtype, "real floating"):
        return x
    return xp.astype(x, xp.float32)


def grouped(xp: Any, x: Array, groups: int) -> Array:
    """Bring the groups of channels to the front: (groups, n, *spatial, c / groups)."""
    shape, last = x.shape, len(x.shape) - 1
    x = xp.reshape(x, (*shape[:-1], groups, shape[-1] // groups))
    return xp.permute_dims(x, (last, *range(last), last + 1))


def ungrouped(xp: Any, y: Array) -> Array:
    shape, last = y.shape, len(y.shape) - 1
    y = xp.permute_dims(y, (*range(1, last), 0, last))
    return xp.reshape(y, (*shape[1:-1], shape[0] * shape[-1]))


def kernels_of(xp: Any, w: Array, groups: int) -> Array:
    """Bring the kernel to (groups, positions, c / groups, d / groups)."""
    c, d = w.shape[-2:]
    w = xp.reshape(w, (math.prod(w.shape[:-2]), c, groups, d // groups))
    return xp.permute_dims(w, (2, 0, 1, 3))


def positions(g: Geometry) -> list[Sizes]:
    """Where the entries of the kernel lie in a window."""
    return list(itertools.product(*[range(0, k * d, d) for k, d in zip(g.kernel, g.dilation, strict=True)]))


def chunks(taps: Sequence[Any], channels: int) -> list[Sequence[Any]]:
    n = -(-WIDE // channels)
    return [taps[i : i + n] for i in range(0, len(taps), n)]


def seen(xp: Any, x: Array, starts: Sequence[Sizes], stride: Sizes, sizes: Sizes) -> Array:
    """Rows of what each place sees through some positions of the kernel: (groups, places, channels)."""
    parts = [
        x[
            (
                slice(None),
                slice(None),
                *[slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(start, sizes, stride, strict=True)],
                slice(None),
            )
        ]
        for start in starts
    ]
    return rows_of(xp, xp.concat(parts, axis=-1) if len(parts) > 1 else parts[0])


def rows_of(xp: Any, x: Array) -> Array:
    return xp.reshape(x, (x.shape[0], math.prod(x.shape[1:-1]), x.shape[-1]))


def correlate(
    xp: Any, x: Array, v: Array, taps: Sequence[tuple[int, Sizes]], stride: Sizes, sizes: Sizes
) -> Array:
    """Sum over ``taps``, pairs of an entry of the kernels ``v`` and where its slice of ``x`` starts."""
    groups, _, c, d = v.shape
    shape = (groups, x.shape[1], *sizes, d)
    if not taps:
        return xp.zeros(shape, dtype=x.dtype, device=device(x))
    y = None
    for chunk in chunks(taps, c):
        kernel = xp.concat([v[:, k, :, :] for k, _ in chunk], axis=1)
        part = xp.matmul(seen(xp, x, [start for _, start in chunk], stride, sizes), kernel)
        y = part if y is None else xp.add(y, part)
    return xp.reshape(y, shape)


def interleave(xp: Any, phases: Sequence[Array], stride: Sizes) -> Array:
    """Array whose entry ``q * stride + r`` along the spatial axes is entry ``q`` of phase ``r``."""
    if len(phases) == 1:
        return phases[0]
    n, *sizes, c = phases[0].shape
    ndim = len(sizes)
    x = xp.reshape(xp.stack(phases, axis=0), (*stride, n, *sizes, c))
    order = [axis for k in range(ndim) for axis in (ndim + 1 + k, k)]
    x = xp.permute_dims(x, (ndim, *order, 2 * ndim + 1))
    return xp.reshape(x, (n, *[m * s for m, s in zip(sizes, stride, strict=True)], c))
