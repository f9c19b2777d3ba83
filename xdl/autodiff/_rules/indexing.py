"""Indexing, gathering and data types.

Items and assignments by key are operations of every traced program, though no functions of the standard.
A key is taken apart once, by indexing an array of positions with it; so the transpose of any key, with
masks and repeated integers too, is a `scatter_add` over positions. Slices and integers go a shorter way.
"""

import contextlib
import math
from typing import Any

import array_api_compat

from xdl.autodiff._bindings import recorded
from xdl.autodiff._constants import plain, without_derivative
from xdl.autodiff._functions import LOCAL
from xdl.autodiff._operations import Operation, project
from xdl.autodiff._registry import Rule, rule
from xdl.autodiff._scatter import scatter_add
from xdl.autodiff._variable import Variable
from xdl.core import Array

# ---- take ----


def _take_pull(
    xp: Any, dy: Array, y: Array, x: Array, indices: Array, /, *, axis: int | None = None
) -> Array:
    k, indices = 0 if axis is None else axis % x.ndim, plain(indices)
    n, rank = x.shape[k], indices.ndim
    # the axes of the indices come first, as one
    order = (*range(k, k + rank), *range(k), *range(k + rank, dy.ndim))
    rest = (*x.shape[:k], *x.shape[k + 1 :])
    rows = xp.reshape(xp.permute_dims(dy, order), (math.prod(indices.shape), *rest))
    flat = xp.reshape(_nonnegative(xp, indices, n), (math.prod(indices.shape),))
    return xp.moveaxis(scatter_add(rows, flat, size=n), 0, k)


def _nonnegative(xp: Any, indices: Array, n: int) -> Array:
    return xp.where(indices < 0, indices + n, indices)


def _along_axis(xp: Any, x: Array, indices: Array, axis: int) -> Array:
    """Position in the flattened ``x`` of each element that ``take_along_axis`` takes."""
    k, positions, indices = axis % x.ndim, None, plain(indices)
    for i, n in enumerate(x.shape):
        if i == k:
            place = _nonnegative(xp, indices, n)
        else:
            count = xp.arange(n, dtype=indices.dtype, device=xp.device_of(x))
            place = xp.reshape(count, tuple(n if j == i else 1 for j in range(x.ndim)))
        positions = place if positions is None else positions * n + place
    return positions


def _take_along_axis_pull(
    xp: Any, dy: Array, y: Array, x: Array, indices: Array, /, *, axis: int = -1
) -> Array:
    positions = xp.broadcast_to(_along_axis(xp, x, indices, axis), dy.shape)
    return _scatter(xp, dy, positions, x.shape)


def _scatter(xp: Any, values: Array, positions: Array, shape: tuple[int, ...]) -> Array:
    n = math.prod(values.shape)
    flat = scatter_add(xp.reshape(values, (n,)), xp.reshape(positions, (n,)), size=math.prod(shape))
    return xp.reshape(flat, shape)


rule(
    "take",
    pullback=(_take_pull, None),
    pushforward=(lambda xp, dx, y, x, indices, **options: xp.take(dx, indices, **options), None),
)
rule(
    "take_along_axis",
    pullback=(_take_along_axis_pull, None),
    pushforward=(lambda xp, dx, y, x, indices, **options: xp.take_along_axis(dx, indices, **options), None),
)

# ---- items by key ----


_BASIC = frozenset((int, slice, type(None), type(Ellipsis)))


def _is_basic(key: Any) -> bool:
    if type(key) is not tuple:
        return type(key) in _BASIC
    for part in key:  # noqa: SIM110  (a generator costs more than the loop)
        if type(part) not in _BASIC:
            return False
    return True


def _positions(xp: Any, shape: tuple[int, ...], device: Any) -> Array:
    return xp.reshape(xp.arange(math.prod(shape), device=device), shape)


def _getitem(xp: Any) -> Any:
    def pull(dy: Array, cotangents: Any, nodes: Any, y: Array, args: Any, options: Any) -> None:
        (node,) = nodes
        cotangents.accumulate(node, xp.scatter_key(dy, **options))
        cotangents.owned.add(node)

    writes = xp.writes

    def pull_basic(dy: Array, cotangents: Any, nodes: Any, y: Array, args: Any, options: Any) -> None:
        # slices and integers name no item twice, so the sum so far is added to in place
        (node,), owned = nodes, cotangents.owned
        # without axes the sum so far may be a NumPy scalar, which has no items to add to
        if writes and node in owned and type(dy) is not Variable and options["shape"]:
            present = cotangents[node]
            if type(present) is not Variable:
                try:
                    present[options["key"]] += dy
                except RuntimeError:  # torch.func.vmap: the sum is not mapped, what comes is
                    pass
                else:
                    return
        pull(dy, cotangents, nodes, y, args, options)

    def push(tangents: Any, y: Array, args: Any, options: Any) -> Array:
        return tangents[0][options["key"]]

    operation, basic = Operation("getitem", pull, push), Operation("getitem", pull_basic, push)

    def call(x: Array, /, *, key: Any) -> Array:
        if type(x) is not Variable:
            return x[plain(key)]
        is_basic = _is_basic(key)
        if is_basic:
            if key is None or (type(key) is tuple and None in key):
                # new axes are a reshape: libraries do not take them in the keys of assignments
                rest = tuple(part for part in key if part is not None) if key is not None else ()
                whole = all(part is Ellipsis or part == slice(None) for part in rest)
                return xp.reshape(x if whole else call(x, key=rest), plain(x)[key].shape)
        else:
            key = plain(key)
        value = x._value
        y = call(value, key=key) if type(value) is Variable else value[key]
        if x._node is None:
            return Variable(x._level, y, None)
        level, options = x._level, {"key": key, "shape": value.shape}
        if level.full:
            return level.record(basic if is_basic else operation, (x._node,), y, (value,), options)
        level.entries.append((basic if is_basic else operation, (x._node,), None, (), options))
        return Variable(level, y, len(level.entries) - 1)

    return call


def _scatter_key(xp: Any) -> Any:
    """Zeros of a shape, with ``dy`` added at the places of a key: the transpose of an item."""

    def scatter(dy: Array, /, *, key: Any, shape: tuple[int, ...]) -> Array:
        if xp.writes and type(dy) is not Variable and _is_basic(key):
            dx = xp.zeros(shape, dtype=dy.dtype, device=xp.device_of(dy))
            with contextlib.suppress(RuntimeError):  # torch.func.vmap: the zeros are not mapped, the rows are
                dx[key] = dy
                return dx
        return _scatter(xp, dy, _positions(xp, shape, xp.device_of(dy))[key], shape)

    entry = Rule(
        (lambda xp, ddx, dx, dy, *, key, shape: ddx[key],),
        (lambda xp, ddy, dx, dy, *, key, shape: xp.scatter_key(ddy, key=key, shape=shape),),
    )
    return recorded(xp, "scatter_key", scatter, entry, None)


def _setitem(xp: Any) -> Any:
    """Copy of an array with the items of a key replaced."""

    def assign(x: Array, value: Array, /, *, key: Any) -> Array:
        if xp.writes:
            y = xp.asarray(x, copy=True)
            y[key] = value
            return y
        places = _positions(xp, x.shape, xp.device_of(x))[key]
        if not hasattr(value, "dtype"):
            value = xp.full(places.shape, value, dtype=x.dtype, device=xp.device_of(x))
        value = xp.broadcast_to(xp.astype(value, x.dtype), places.shape)
        ones = xp.ones(places.shape, dtype=xp.float32, device=xp.device_of(x))
        return xp.where(_scatter(xp, ones, places, x.shape) > 0, _scatter(xp, value, places, x.shape), x)

    entry = Rule(
        (
            lambda xp, dy, y, x, value, *, key: bound(dy, 0, key=key),
            lambda xp, dy, y, x, value, *, key: project(xp, dy[key], value),
        ),
        (
            lambda xp, dx, y, x, value, *, key: bound(dx, 0, key=key),
            lambda xp, dv, y, x, value, *, key: bound(xp.zeros_like(y), dv, key=key),
        ),
    )
    bound = recorded(xp, "setitem", assign, entry, None)
    constant = without_derivative(assign)

    def call(x: Array, value: Array, /, *, key: Any) -> Array:
        key = plain(key)
        if not xp.isdtype(x.dtype, ("real floating", "complex floating")):
            return constant(x, value, key=key)
        if _is_mask(xp, key) and not getattr(value, "shape", ()):
            # a selection, whose shapes do not depend on values
            key = xp.reshape(key, (*key.shape, *(1,) * (x.ndim - key.ndim)))
            return xp.where(key, _scalar(xp, value, x), x)
        return bound(x, value, key=key)

    return call


def _is_mask(xp: Any, key: Any) -> bool:
    return hasattr(key, "dtype") and xp.isdtype(key.dtype, "bool")


def _scalar(xp: Any, value: Any, x: Array) -> Array:
    if hasattr(value, "dtype"):
        return xp.astype(value, x.dtype)
    return xp.asarray(value, dtype=x.dtype, device=xp.device_of(x))


# ---- data types and devices ----


def _astype(xp: Any) -> Any:
    cast = recorded(
        xp,
        "astype",
        xp._base.astype,
        Rule(
            (lambda xp, dy, y, x, dtype, **options: dy,),
            (lambda xp, dx, y, x, dtype, **options: xp.astype(dx, dtype, **options),),
        ),
        None,
    )
    constant = xp.constant.astype

    def astype(x: Array, dtype: Any, /, **options: Any) -> Array:
        inexact = xp.isdtype(dtype, ("real floating", "complex floating"))
        return cast(x, dtype, **options) if inexact else constant(x, dtype, **options)

    return astype


def _to_device(xp: Any) -> Any:
    moved: dict[Any, Any] = {}

    def to_device(x: Array, /, *, device: Any, stream: Any = None) -> Array:
        if device not in moved:
            move = lambda value: array_api_compat.to_device(value, device, stream=stream)
            back = lambda xp, dy, y, value: xp.to_device(dy, device=xp.device_of(value))
            forth = lambda xp, dx, y, value: xp.to_device(dx, device=device)
            moved[device] = recorded(xp, "to_device", move, Rule((back,), (forth,)), None)
        return moved[device](x)

    return to_device


LOCAL.update(
    astype=_astype, getitem=_getitem, scatter_key=_scatter_key, setitem=_setitem, to_device=_to_device
)
