"""Windows along one axis: what all of them see at one of their entries, and the transpose.

Pooling goes axis by axis: the largest entry of a window is the largest of its rows' largest ones, and a sum is a
sum of sums. So ``k`` entries are visited per axis, not ``k ** ndim``.
"""

import math
from dataclasses import dataclass
from typing import Any

from xdl.core import Array
from xdl.core._namespace import device_of

from ._geometry import Geometry, geometry
from ._pad import pad

__all__ = ["Axis", "axes_of", "check_windows", "join", "see"]


@dataclass(frozen=True)
class Axis:
    """One axis of a geometry, ``axis`` of the array.

    Place ``o`` of the window sees at its entry ``k`` the entry ``o * stride + k * dilation - before``.
    """

    axis: int
    size: int
    kernel: int
    stride: int
    before: int
    after: int
    dilation: int
    output: int

    @property
    def padded(self) -> bool:
        """Whether windows reach beyond the array."""
        return self.before > 0 or self.after > 0

    def inside(self, k: int) -> tuple[int, int]:
        """First place, and the place after the last, whose entry ``k`` is within the array."""
        offset = k * self.dilation - self.before
        first = max(-(offset // self.stride), 0)
        return first, max(first, min((self.size - 1 - offset) // self.stride + 1, self.output))

    def seen(self, k: int) -> slice:
        """What the places `inside` see at their entry ``k``."""
        first, last = self.inside(k)
        start = first * self.stride + k * self.dilation - self.before
        return slice(start, start + max((last - first - 1) * self.stride + 1, 0), self.stride)


# A dictionary and not lru_cache, which torch.compile warns of.
_known: dict[Geometry, tuple[Axis, ...]] = {}
MOST = 4096


def axes_of(g: Geometry) -> tuple[Axis, ...]:
    """Spatial axes along which windows do more than repeat the array."""
    found = _known.get(g)
    if found is None:
        if len(_known) >= MOST:
            _known.clear()
        rows = zip(g.spatial, g.kernel, g.stride, g.padding, g.dilation, g.output, strict=True)
        made = [Axis(i, n, k, s, p[0], p[1], d, o) for i, (n, k, s, p, d, o) in enumerate(rows, 1)]
        found = tuple([a for a in made if a.kernel > 1 or a.stride > 1 or a.padded])
        for a in found:
            _check_sight(g, a)
        _known[g] = found
    return found


def _check_sight(g: Geometry, a: Axis) -> None:
    """Refuse windows wholly in the padding, which have no largest entry and no mean."""
    for start in range(-a.before, a.output * a.stride - a.before, a.stride):
        entries = range(start, start + a.kernel * a.dilation, a.dilation)
        if not (0 <= start < a.size or any(0 <= i < a.size for i in entries)):
            message = (
                f"a window would lie wholly in the padding {g.padding}: window {g.kernel} with stride {g.stride} "
                f"and dilation {g.dilation} on the spatial sizes {g.spatial}; pad less"
            )
            raise ValueError(message)


def check_windows(x: Any, window: Any, stride: Any, padding: Any, dilation: Any) -> Geometry:
    """Refuse what does not fit; return the geometry."""
    shape = x.shape
    if not 3 <= len(shape) <= 5:
        message = f"expected `x` (n, *spatial, c) with 1 to 3 spatial axes, got shape {tuple(shape)}"
        raise ValueError(message)
    spatial = tuple(shape[1:-1])
    kernel = window if isinstance(window, tuple) else (window,) * len(spatial)
    g = geometry(
        spatial, kernel, stride=kernel if stride is None else stride, padding=padding, dilation=dilation
    )
    axes_of(g)  # checks
    return g


def see(xp: Any, x: Array, a: Axis, beyond: float | int) -> list[tuple[Array, Array | None]]:
    """What every window sees at each of its entries, and whether that is within the array (None: always)."""
    padded = pad(x, ((a.before, a.after),), value=beyond, axis=a.axis)
    lead = (slice(None),) * a.axis
    found = []
    for k in range(a.kernel):
        start = k * a.dilation
        part = padded[(*lead, slice(start, start + (a.output - 1) * a.stride + 1, a.stride), ...)]
        first, last = a.inside(k)
        within = None
        if last - first < a.output:
            places = xp.arange(a.output, device=device_of(x))
            within = xp.logical_and(places >= first, places < last)
            within = xp.reshape(within, (-1, *(1,) * (len(x.shape) - a.axis - 1)))
        found.append((part, within))
    return found


def join(xp: Any, parts: list[Array], a: Axis) -> Array:
    """Transpose of `see`: add to each entry of the axis what windows have for it at their entries."""
    # entry q * stride + r of the padded axis is seen by place q - e at entry k where k * dilation = e * stride + r
    length = math.ceil((a.before + a.size + a.after) / a.stride)
    rows: list[Any] = [None] * a.stride
    for k, part in enumerate(parts):
        e, r = divmod(k * a.dilation, a.stride)
        moved = pad(part, ((e, length - e - a.output),), axis=a.axis)
        rows[r] = moved if rows[r] is None else rows[r] + moved
    shape = next(row.shape for row in rows if row is not None)
    nothing = xp.zeros(shape, dtype=parts[0].dtype, device=device_of(parts[0]))
    rows = [nothing if row is None else row for row in rows]
    whole = rows[0]
    if a.stride > 1:
        whole = xp.stack(rows, axis=a.axis + 1)
        whole = xp.reshape(whole, (*shape[: a.axis], length * a.stride, *shape[a.axis + 1 :]))
    return whole[(*(slice(None),) * a.axis, slice(a.before, a.before + a.size), ...)]
