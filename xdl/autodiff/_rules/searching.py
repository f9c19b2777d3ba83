"""Searching, sorting, sets and tests: values are gathered, positions have no derivative."""

from typing import Any

from xdl.autodiff._registry import composed, rule, zero
from xdl.core import Array

rule(
    "where",
    pullback=(
        None,
        lambda xp, dy, y, condition, a, b: xp.where(condition, dy, 0.0),
        lambda xp, dy, y, condition, a, b: xp.where(condition, 0.0, dy),
    ),
    pushforward=(
        None,
        lambda xp, dx, y, condition, a, b: xp.where(condition, dx, 0.0),
        lambda xp, dx, y, condition, a, b: xp.where(condition, 0.0, dx),
    ),
)


def _sort(xp: Any, x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    order = xp.argsort(x, axis=axis, descending=descending, stable=stable)
    return xp.take_along_axis(x, order, axis=axis)


def _unique_values(xp: Any, x: Array, /) -> Array:
    x = xp.reshape(x, (-1,))
    if xp.isdtype(x.dtype, "complex floating"):  # they have no order in the standard
        return xp.take(x, xp.constant.unique_all(x)[1], axis=0)
    order = xp.argsort(x)
    places = xp.constant.searchsorted(xp.take(x, order, axis=0), xp.constant.unique_values(x))
    return xp.take(x, xp.take(order, places, axis=0), axis=0)


def _unique(name: str) -> Any:
    def unique(xp: Any, x: Array, /) -> Any:
        found = getattr(xp.constant, name)(x)
        return type(found)(_unique_values(xp, x), *found[1:])

    return unique


composed("sort", _sort)
composed("unique_all", _unique("unique_all"))
composed("unique_counts", _unique("unique_counts"))
composed("unique_inverse", _unique("unique_inverse"))
composed("unique_values", _unique_values)

zero("argsort", "argmax", "argmin", "nonzero", "count_nonzero", "searchsorted", "isin", "all", "any")
