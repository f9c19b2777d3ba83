"""Reductions and scans."""

import math
from typing import Any

from xdl.autodiff._registry import composed, rule
from xdl.core import Array


def _reduced(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    axis = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(sorted(a % ndim for a in axis))


def _kept(xp: Any, y: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """``y`` with the reduced axes back, of length 1."""
    if keepdims or not y.shape:  # one number broadcasts as it is
        return y
    axes = _reduced(axis, x.ndim)
    return xp.reshape(y, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def _count(x: Array, axis: Any) -> int:
    return math.prod(x.shape if axis is None else [x.shape[a] for a in _reduced(axis, x.ndim)])


# ---- sum, mean, variance ----


def _sum_pull(
    xp: Any, dy: Array, y: Array, x: Array, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> Array:
    return xp.broadcast_to(_kept(xp, dy, x, axis, keepdims), x.shape)


def _mean_pull(xp: Any, dy: Array, y: Array, x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    return xp.broadcast_to(_kept(xp, dy, x, axis, keepdims) / max(_count(x, axis), 1), x.shape)


def _twice_reciprocal(n: float) -> float:
    return 2 / n if n else math.nan  # the variance without degrees of freedom is not a number either


def _var_pull(
    xp: Any,
    dy: Array,
    y: Array,
    x: Array,
    *,
    axis: Any = None,
    correction: float = 0.0,
    keepdims: bool = False,
) -> Array:
    scale = _twice_reciprocal(_count(x, axis) - correction)
    return _kept(xp, dy, x, axis, keepdims) * (x - xp.mean(x, axis=axis, keepdims=True)) * scale


def _var_push(
    xp: Any,
    dx: Array,
    y: Array,
    x: Array,
    *,
    axis: Any = None,
    correction: float = 0.0,
    keepdims: bool = False,
) -> Array:
    scale = _twice_reciprocal(_count(x, axis) - correction)
    centered = x - xp.mean(x, axis=axis, keepdims=True)
    return xp.sum(dx * centered, axis=axis, keepdims=keepdims) * scale


def _half_reciprocal(xp: Any, y: Array) -> Array:
    return 0.5 / xp.where(y == 0, 1.0, y)  # the derivative at zero deviation is taken as zero


def _std_pull(xp: Any, dy: Array, y: Array, x: Array, **options: Any) -> Array:
    return _var_pull(xp, dy * _half_reciprocal(xp, y), y, x, **options)


def _std_push(xp: Any, dx: Array, y: Array, x: Array, **options: Any) -> Array:
    return _var_push(xp, dx, y, x, **options) * _half_reciprocal(xp, y)


rule("sum", pullback=(_sum_pull,), pushforward=(lambda xp, dx, y, x, **options: xp.sum(dx, **options),))
rule("mean", pullback=(_mean_pull,), pushforward=(lambda xp, dx, y, x, **options: xp.mean(dx, **options),))
rule("var", pullback=(_var_pull,), pushforward=(_var_push,))
rule("std", pullback=(_std_pull,), pushforward=(_std_push,))

# ---- extrema: shared equally among ties ----


def _shares(xp: Any, y: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    hit = xp.astype(x == _kept(xp, y, x, axis, keepdims), x.dtype)
    total = xp.sum(hit, axis=axis, keepdims=True)
    return hit / xp.where(total == 0, 1.0, total)


def _extremum_pull(
    xp: Any, dy: Array, y: Array, x: Array, *, axis: Any = None, keepdims: bool = False
) -> Array:
    return _kept(xp, dy, x, axis, keepdims) * _shares(xp, y, x, axis, keepdims)


def _extremum_push(
    xp: Any, dx: Array, y: Array, x: Array, *, axis: Any = None, keepdims: bool = False
) -> Array:
    return xp.sum(dx * _shares(xp, y, x, axis, keepdims), axis=axis, keepdims=keepdims)


rule("max", pullback=(_extremum_pull,), pushforward=(_extremum_push,))
rule("min", pullback=(_extremum_pull,), pushforward=(_extremum_push,))

# ---- products: exact where factors are zero ----


def _others(xp: Any, x: Array, axis: Any) -> Array:
    """Product of all other elements along ``axis``."""
    axes = _reduced(axis, x.ndim)
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    z = xp.permute_dims(x, rest + axes)
    moved = z.shape
    z = xp.reshape(z, (*moved[: len(rest)], -1)) if axes else xp.expand_dims(z, axis=-1)
    before = xp.cumulative_prod(z, axis=-1, include_initial=True)[..., :-1]
    after = xp.cumulative_prod(xp.flip(z, axis=-1), axis=-1, include_initial=True)[..., :-1]
    product = xp.reshape(before * xp.flip(after, axis=-1), moved)
    return xp.permute_dims(product, tuple(sorted(range(x.ndim), key=(rest + axes).__getitem__)))


def _prod_pull(
    xp: Any, dy: Array, y: Array, x: Array, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> Array:
    return _kept(xp, dy, x, axis, keepdims) * _others(xp, x, axis)


def _prod_push(
    xp: Any, dx: Array, y: Array, x: Array, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> Array:
    return xp.sum(dx * _others(xp, x, axis), axis=axis, keepdims=keepdims)


rule("prod", pullback=(_prod_pull,), pushforward=(_prod_push,))

# ---- scans ----


def _axis_of(x: Array, axis: int | None) -> int:
    return 0 if axis is None else axis % x.ndim


def _without_initial(dy: Array, axis: int, include_initial: bool) -> Array:
    return dy[(slice(None),) * axis + (slice(1, None), ...)] if include_initial else dy


def _cumulative_sum_pull(
    xp: Any,
    dy: Array,
    y: Array,
    x: Array,
    *,
    axis: int | None = None,
    dtype: Any = None,
    include_initial: bool = False,
) -> Array:
    k = _axis_of(x, axis)
    dy = _without_initial(dy, k, include_initial)
    return xp.flip(xp.cumulative_sum(xp.flip(dy, axis=k), axis=k), axis=k)


def _without_each(xp: Any, x: Array, axis: int) -> Array:
    """Array ``(..., i, j)`` of the products of ``x[..., :j + 1]`` without ``x[..., i]``, zero for ``j < i``.

    It needs the square of the axis' length in memory, and is exact where factors are zero.
    """
    x = xp.moveaxis(x, axis, -1)
    n = x.shape[-1]
    i = xp.reshape(xp.arange(n, device=xp.device_of(x)), (n, 1))
    j = xp.reshape(xp.arange(n, device=xp.device_of(x)), (1, n))
    table = xp.where(i == j, 1.0, xp.expand_dims(x, axis=-2))
    return xp.where(j >= i, xp.cumulative_prod(table, axis=-1), 0.0)


def _cumulative_prod_pull(
    xp: Any,
    dy: Array,
    y: Array,
    x: Array,
    *,
    axis: int | None = None,
    dtype: Any = None,
    include_initial: bool = False,
) -> Array:
    k = _axis_of(x, axis)
    dy = xp.moveaxis(_without_initial(dy, k, include_initial), k, -1)
    dx = xp.sum(_without_each(xp, x, k) * xp.expand_dims(dy, axis=-2), axis=-1)
    return xp.moveaxis(dx, -1, k)


def _cumulative_prod_push(
    xp: Any,
    dx: Array,
    y: Array,
    x: Array,
    *,
    axis: int | None = None,
    dtype: Any = None,
    include_initial: bool = False,
) -> Array:
    k = _axis_of(x, axis)
    terms = _without_each(xp, x, k) * xp.expand_dims(xp.moveaxis(dx, k, -1), axis=-1)
    dy = xp.moveaxis(xp.sum(terms, axis=-2), -1, k)
    if include_initial:
        dy = xp.concat([xp.zeros_like(dy[(slice(None),) * k + (slice(0, 1), ...)]), dy], axis=k)
    return dy


rule(
    "cumulative_sum",
    pullback=(_cumulative_sum_pull,),
    pushforward=(lambda xp, dx, y, x, **options: xp.cumulative_sum(dx, **options),),
)
rule("cumulative_prod", pullback=(_cumulative_prod_pull,), pushforward=(_cumulative_prod_push,))


# ---- differences ----


def _diff(
    xp: Any,
    x: Array,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: Array | None = None,
    append: Array | None = None,
) -> Array:
    parts = [part for part in (prepend, x, append) if part is not None]
    x = xp.concat(parts, axis=axis) if len(parts) > 1 else x
    head = (slice(None),) * (axis % x.ndim)
    for _ in range(n):
        x = x[(*head, slice(1, None), ...)] - x[(*head, slice(None, -1), ...)]
    return x


composed("diff", _diff)
