"""Functions that rearrange elements: linear, with transposes that rearrange them back."""

import math
from typing import Any

from xdl.autodiff._registry import composed, linear, rule
from xdl.core import Array


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    axis = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(a % ndim for a in axis)


def _unpermute(xp: Any, dy: Array, x: Array, axes: tuple[int, ...]) -> Array:
    axes = _axes(axes, len(axes)) if axes else ()
    return xp.permute_dims(dy, tuple(sorted(range(len(axes)), key=axes.__getitem__)))


def _unroll(xp: Any, dy: Array, x: Array, shift: Any, *, axis: Any = None) -> Array:
    back = -shift if isinstance(shift, int) else tuple(-s for s in shift)
    return xp.roll(dy, back, axis=axis)


linear("reshape", lambda xp, dy, x, shape, **options: xp.reshape(dy, x.shape))
linear("expand_dims", lambda xp, dy, x, *rest, **options: xp.reshape(dy, x.shape))
linear("squeeze", lambda xp, dy, x, *rest, **options: xp.reshape(dy, x.shape))
linear("permute_dims", _unpermute)
linear("moveaxis", lambda xp, dy, x, source, destination: xp.moveaxis(dy, destination, source))
linear("flip", lambda xp, dy, x, **options: xp.flip(dy, **options))
linear("roll", _unroll)
linear("tril", lambda xp, dy, x, **options: xp.tril(dy, **options))
linear("triu", lambda xp, dy, x, **options: xp.triu(dy, **options))
linear("broadcast_to", lambda xp, dy, x, shape: dy)  # the projection of cotangents sums


# ---- several arrays ----


def _concat_pull(xp: Any, dy: Array, y: Array, wanted: Any, *xs: Array, axis: int | None = 0) -> list[Any]:
    cotangents, start = [], 0
    k = 0 if axis is None else axis % y.ndim
    for x, needed in zip(xs, wanted, strict=True):
        n = math.prod(x.shape) if axis is None else x.shape[k]
        part = dy[(slice(None),) * k + (slice(start, start + n), ...)] if needed else None
        cotangents.append(xp.reshape(part, x.shape) if needed and axis is None else part)
        start += n
    return cotangents


def _stack_pull(xp: Any, dy: Array, y: Array, wanted: Any, *xs: Array, axis: int = 0) -> list[Any]:
    k = axis % y.ndim
    return [dy[(slice(None),) * k + (i, ...)] if needed else None for i, needed in enumerate(wanted)]


def _sequence_push(name: str) -> Any:
    def push(xp: Any, tangents: Any, y: Array, xs: Any, options: Any) -> Array:
        filled = [xp.zeros_like(x) if t is None else t for t, x in zip(tangents, xs, strict=True)]
        return getattr(xp, name)(filled, **options)

    return push


rule("concat", pullback=_concat_pull, pushforward=_sequence_push("concat"))
rule("stack", pullback=_stack_pull, pushforward=_sequence_push("stack"))


def _broadcast_arrays(xp: Any, *xs: Array) -> Any:
    shape = broadcast_shape([x.shape for x in xs])
    return tuple(xp.broadcast_to(x, shape) for x in xs)


def broadcast_shape(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """Shape that arrays of the given shapes, known to be compatible, take together."""
    ndim = max(map(len, shapes), default=0)
    padded = [(1,) * (ndim - len(s)) + tuple(s) for s in shapes]
    return tuple(next((n for n in lengths if n != 1), 1) for lengths in zip(*padded, strict=True))


def _meshgrid(xp: Any, *xs: Array, indexing: str = "xy") -> Any:
    n = len(xs)
    order = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else list(range(n))
    views = [xp.reshape(x, tuple(-1 if order[i] == j else 1 for j in range(n))) for i, x in enumerate(xs)]
    return _broadcast_arrays(xp, *views)


composed("broadcast_arrays", _broadcast_arrays)
composed("meshgrid", _meshgrid)


# ---- repetition: a gather of elements ----


def _unstack(xp: Any, x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    k = axis % x.ndim
    return tuple(x[(slice(None),) * k + (i, ...)] for i in range(x.shape[k]))


def _repeat(xp: Any, x: Array, repeats: Any, /, *, axis: int | None = None) -> Array:
    if axis is None:
        x, axis = xp.reshape(x, (-1,)), 0
    positions = xp.arange(x.shape[axis], device=xp.device_of(x))
    return xp.take(x, xp.repeat(positions, repeats), axis=axis)


def _tile(xp: Any, x: Array, repetitions: tuple[int, ...], /) -> Array:
    ndim = max(x.ndim, len(repetitions))
    shape = (1,) * (ndim - x.ndim) + tuple(x.shape)
    counts = (1,) * (ndim - len(repetitions)) + tuple(repetitions)
    x = xp.reshape(x, tuple(n for pair in zip((1,) * ndim, shape, strict=True) for n in pair))
    x = xp.broadcast_to(x, tuple(n for pair in zip(counts, shape, strict=True) for n in pair))
    return xp.reshape(x, tuple(c * n for c, n in zip(counts, shape, strict=True)))


composed("unstack", _unstack)
composed("repeat", _repeat)
composed("tile", _tile)
