"""Patches of an array that a kernel sees, as rows of matrices, and products with them.

Arrays are (groups, n, *spatial, c) here: the groups of channels, which do not mix, in front.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from xdl.core import Array
from xdl.core._namespace import device_of

from ._geometry import Geometry, Sizes
from ._precision import widen

__all__ = [
    "WIDE",
    "chunks",
    "correlate",
    "grouped",
    "kernels_of",
    "padded",
    "positions",
    "rows_of",
    "seen",
    "spread",
    "ungrouped",
    "widen_real",
]

# Products of matrices narrower than this are limited by memory: entries of the kernel are put together up to it.
WIDE = 64

Tap = tuple[int, Sizes]


def widen_real(xp: Any, x: Array) -> Array:
    """Return ``x``, in float32 if it is half precision; complex numbers stay."""
    return widen(xp, x) if xp.isdtype(x.dtype, "real floating") else x


def grouped(xp: Any, x: Array, groups: int) -> Array:
    """Bring (n, *spatial, c) to (groups, n, *spatial, c / groups)."""
    shape, last = x.shape, len(x.shape) - 1
    x = xp.reshape(x, (*shape[:-1], groups, shape[-1] // groups))
    return xp.permute_dims(x, (last, *range(last), last + 1))


def ungrouped(xp: Any, y: Array) -> Array:
    """Undo `grouped`."""
    shape, last = y.shape, len(y.shape) - 1
    y = xp.permute_dims(y, (*range(1, last), 0, last))
    return xp.reshape(y, (*shape[1:-1], shape[0] * shape[-1]))


def kernels_of(xp: Any, w: Array, groups: int) -> Array:
    """Bring the kernel to (groups, entries, c / groups, d / groups)."""
    c, d = w.shape[-2:]
    w = xp.reshape(w, (math.prod(w.shape[:-2]), c, groups, d // groups))
    return xp.permute_dims(w, (2, 0, 1, 3))


def padded(xp: Any, x: Array, padding: Sequence[tuple[int, int]]) -> Array:
    """Put zeros before and after the spatial axes."""
    for axis, pair in enumerate(padding, 2):
        before, after = [
            [xp.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), dtype=x.dtype, device=device_of(x))]
            if n
            else []
            for n in pair
        ]
        if before or after:
            x = xp.concat([*before, x, *after], axis=axis)
    return x


def positions(g: Geometry) -> list[Sizes]:
    """Where the entries of the kernel lie in a window."""
    return list(itertools.product(*[range(0, k * d, d) for k, d in zip(g.kernel, g.dilation, strict=True)]))


def seen(x: Array, start: Sizes, stride: Sizes, sizes: Sizes) -> Array:
    """What the places, as many as ``sizes``, see of ``x`` through one entry of the kernel."""
    steps = zip(start, stride, sizes, strict=True)
    return x[
        (slice(None), slice(None), *[slice(a, a + (n - 1) * s + 1, s) for a, s, n in steps], slice(None))
    ]


def rows_of(xp: Any, parts: Sequence[Array]) -> Array:
    """Put channels side by side, and images and places into one axis: (groups, rows, channels)."""
    x = xp.concat(parts, axis=-1) if len(parts) > 1 else parts[0]
    return xp.reshape(x, (x.shape[0], math.prod(x.shape[1:-1]), x.shape[-1]))


def chunks(taps: Sequence[Any], channels: int) -> list[Sequence[Any]]:
    """Split entries of the kernel so that each part has about `WIDE` channels."""
    n = -(-WIDE // channels)
    return [taps[i : i + n] for i in range(0, len(taps), n)]


def correlate(xp: Any, x: Array, v: Array, taps: Sequence[Tap], stride: Sizes, sizes: Sizes) -> Array:
    """Sum of products over ``taps``: entries of the kernels ``v``, and where what they see of ``x`` starts."""
    groups, _, c, d = v.shape
    shape = (groups, x.shape[1], *sizes, d)
    if not taps:
        return xp.zeros(shape, dtype=x.dtype, device=device_of(x))
    y = None
    for chunk in chunks(taps, c):
        rows = rows_of(xp, [seen(x, start, stride, sizes) for _, start in chunk])
        part = xp.matmul(rows, xp.concat([v[:, k, :, :] for k, _ in chunk], axis=1))
        y = part if y is None else xp.add(y, part)
    return xp.reshape(y, shape)


def spread(
    xp: Any, y: Array, g: Geometry, phase: Callable[[Array, Sequence[Tap], Sizes, Sizes], Array]
) -> Array:
    """Transpose of looking through a kernel: (groups, n, *output, d) to (groups, n, *spatial, c).

    Along an axis, entry ``q * stride + r`` of the padded input meets entry ``k`` of the kernel in place ``q - e``,
    where ``k * dilation = e * stride + r``. So for each remainder r there is a sum over some entries of the kernel,
    ``phase(padded, taps, stride, sizes)``, of slices with stride 1; nothing is multiplied by zeros in between.
    """
    axes = list(zip(g.spatial, g.padding, g.stride, strict=True))
    first = [p[0] // s for _, p, s in axes]
    last = [(p[0] + n - 1) // s for n, p, s in axes]
    before = [max((e - 1) // s - q, 0) for e, s, q in zip(g.extent, g.stride, first, strict=True)]
    after = [max(q - n + 1, 0) for q, n in zip(last, g.output, strict=True)]
    y = padded(xp, y, list(zip(before, after, strict=True)))
    sizes = tuple([b - a + 1 for a, b in zip(first, last, strict=True)])
    origin = [a + q for a, q in zip(before, first, strict=True)]
    phases = []
    for remainder in itertools.product(*map(range, g.stride)):
        taps = [
            (k, tuple([a - o // s for a, o, s in zip(origin, offset, g.stride, strict=True)]))
            for k, offset in enumerate(positions(g))
            if all(o % s == r for o, s, r in zip(offset, g.stride, remainder, strict=True))
        ]
        phases.append(phase(y, taps, (1,) * len(sizes), sizes))
    x = _interleaved(xp, phases, g.stride)
    start = [p[0] - q * s for (_, p, s), q in zip(axes, first, strict=True)]
    return seen(x, tuple(start), (1,) * len(start), g.spatial)


def _interleaved(xp: Any, phases: Sequence[Array], stride: Sizes) -> Array:
    """Array whose entry ``q * stride + r`` along the spatial axes is entry ``q`` of phase ``r``."""
    if len(phases) == 1:
        return phases[0]
    groups, n, *sizes, c = phases[0].shape
    ndim = len(sizes)
    x = xp.reshape(xp.stack(phases, axis=0), (*stride, groups, n, *sizes, c))
    order = [axis for k in range(ndim) for axis in (ndim + 2 + k, k)]
    x = xp.permute_dims(x, (ndim, ndim + 1, *order, 2 * ndim + 2))
    return xp.reshape(x, (groups, n, *[m * s for m, s in zip(sizes, stride, strict=True)], c))
