"""Rows of an axis at places known beforehand, and the transpose."""

from typing import Any

from xdl.autodiff import linear, scatter_add
from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

__all__ = ["pick_rows", "sum_rows"]


@generic
def pick_rows(x: Array, /, *, axis: int, places: tuple[int, ...]) -> Array:
    """Rows of ``x`` along ``axis`` at ``places``, which may repeat; the axis is counted from the front."""
    xp = array_namespace(x)
    return xp.take(x, _index(xp, places, x), axis=axis)


@generic
def sum_rows(y: Array, /, *, axis: int, places: tuple[int, ...], size: int) -> Array:
    """Transpose of `pick_rows` from an axis of ``size``: rows picked from one place add up there."""
    xp = array_namespace(y)
    rows = scatter_add(xp.moveaxis(y, axis, 0), _index(xp, places, y), size=size)
    return xp.moveaxis(rows, 0, axis)


linear(
    pick_rows,
    lambda xp, dy, x, *, axis, places: sum_rows(dy, axis=axis, places=places, size=x.shape[axis]),
)
linear(sum_rows, lambda xp, dx, y, *, axis, places, size: pick_rows(dx, axis=axis, places=places))


def _index(xp: Any, places: tuple[int, ...], like: Array) -> Array:
    return xp.asarray(list(places), dtype=xp.int32, device=device_of(like))
