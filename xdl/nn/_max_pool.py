"""Pooling by the largest entry."""

import math
from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

from ._geometry import Geometry, Padding, Sizes
from ._windows import Axis, axes_of, check_windows, join, see

__all__ = ["max_pool"]


@generic
def max_pool(
    x: Array,
    window: int | Sizes,
    /,
    *,
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    dilation: int | Sizes = 1,
) -> Array:
    """Largest entry of each window.

    Parameters
    ----------
    x : (n, *spatial, c) array of real numbers
        One to three spatial axes.
    window : int or tuple of int
        Sizes of the window, one for all axes or for each.
    stride : int or tuple of int, optional
        Step from one window to the next; default: the window, so that windows touch.
    padding : {"valid", "same"}, int or tuple
        As for `conv`: an int for all sides, or one ``(before, after)`` per axis. What is padded is in
        no window: it is never the largest. Every window must hold an entry of ``x``; PyTorch
        allows padding up to half the window.
    dilation : int or tuple of int
        Step from one entry of the window to the next.

    Returns
    -------
    (n, *output, c) array
        ``output = (spatial + before + after - dilation * (window - 1) - 1) // stride + 1``. A window
        with NaN gives NaN.

    Raises
    ------
    ValueError
        If the shapes or options do not fit, or a window would lie wholly in the padding.
    TypeError
        If the numbers have no order.

    Notes
    -----
    The derivative goes to the first of equal entries in row-major order of the window, on every
    library, and to one of the entries where there is a NaN. PyTorch's ``ceil_mode``, windows that run off the end, is padding
    after: ``padding=((0, 1), (0, 1))``, for example.
    """
    xp = array_namespace(x)
    check_order(xp, x)
    for a in reversed(axes_of(check_windows(x, window, stride, padding, dilation))):
        x = _largest(xp, x, a)
    return x


@generic
def max_pool_forward(x: Array, /, *, geometry: Geometry) -> tuple[Array, Any]:
    """Value of `max_pool`, and what `max_pool_pullback` can use again."""
    return _of(x, geometry), None


@generic
def max_pool_pullback(dy: Array, x: Array, /, *, geometry: Geometry, saved: Any = None) -> Array:
    """Give each window's entry of ``dy`` to the place of its largest entry in ``x``."""
    xp = array_namespace(dy, x)
    for a, hits in reversed(_selections(xp, x, geometry)):
        dy = join(xp, [xp.where(hit, dy, 0.0) for hit in hits], a)
    return dy


@generic
def max_pool_selection(t: Array, x: Array, /, *, geometry: Geometry) -> Array:
    """Entry of ``t`` where each window of ``x`` has its largest: the derivative of `max_pool`."""
    xp = array_namespace(t, x)
    for a, hits in _selections(xp, x, geometry):
        parts = [xp.where(hit, part, 0.0) for hit, (part, _) in zip(hits, see(xp, t, a, 0.0), strict=True)]
        t = sum(parts[1:], parts[0])
    return t


def _largest(xp: Any, x: Array, a: Axis) -> Array:
    """Largest entry of windows along one axis; of equal ones the first, of NaN the first."""
    y, within = None, None
    for part, here in see(xp, x, a, lowest(xp, x)):
        if y is None:
            y, within = part, here
            continue
        more = xp.logical_and(xp.logical_not(part <= y), y == y)
        if within is not None:
            # what is padded is equal to the lowest number, which must not hide it
            more = xp.logical_or(more, xp.logical_not(within))
        if here is not None:
            more = xp.logical_and(more, here)
            within = None if within is None else xp.logical_or(within, here)
        else:
            within = None
        y = xp.where(more, part, y)
    return y  # pyright: ignore[reportReturnType]


def _selections(xp: Any, x: Array, g: Geometry) -> list[tuple[Axis, list[Array]]]:
    """For each axis, last first, which entry of its window each place takes."""
    found = []
    for a in reversed(axes_of(g)):
        y = _largest(xp, x, a)
        hits, free = [], None
        for part, here in see(xp, x, a, lowest(xp, x)):
            hit = xp.logical_not(part < y)  # true of the first entry if some entry is NaN
            if here is not None:
                hit = xp.logical_and(hit, here)
            hits.append(hit if free is None else xp.logical_and(hit, free))
            missed = xp.logical_not(hit)
            free = missed if free is None else xp.logical_and(free, missed)
        found.append((a, hits))
        x = y
    return found


def lowest(xp: Any, x: Array) -> float | int:
    """Number of the dtype of ``x`` that is above no other."""
    if xp.isdtype(x.dtype, "integral"):
        return xp.iinfo(x.dtype).min
    return -math.inf


def check_order(xp: Any, x: Array) -> None:
    """Refuse numbers without an order."""
    if not xp.isdtype(x.dtype, ("real floating", "integral")):
        message = f"expected real numbers, which have a largest, got {x.dtype}"
        raise TypeError(message)


def _of(x: Array, g: Geometry) -> Array:
    return max_pool(x, g.kernel, stride=g.stride, padding=g.padding, dilation=g.dilation)


def _forward(x: Array, window: Any, **options: Any) -> tuple[Array, Any]:
    check_order(array_namespace(x), x)
    return max_pool_forward(x, geometry=check_windows(x, window, **options))


def _pull(xp: Any, dy: Array, y: Array, x: Array, window: Any, *, saved: Any = None, **options: Any) -> Array:
    return max_pool_pullback(dy, x, geometry=check_windows(x, window, **options), saved=saved)


def _push(xp: Any, dx: Array, y: Array, x: Array, window: Any, **options: Any) -> Array:
    return max_pool_selection(dx, x, geometry=check_windows(x, window, **options))


rule(max_pool, forward=_forward, pullback=(_pull,), pushforward=(_push,))

# Which entries are largest does not change near x, so that these are linear maps, each other's transposes.
rule(
    max_pool_pullback,
    pullback=lambda xp, t, y, wanted, dy, x, *, geometry, saved: (
        max_pool_selection(t, x, geometry=geometry),
        None,
    ),
    pushforward=lambda xp, tangents, y, args, options: (
        xp.zeros_like(y) if tangents[0] is None else max_pool_pullback(tangents[0], args[1], **options)
    ),
)
rule(
    max_pool_selection,
    pullback=lambda xp, dy, y, wanted, t, x, *, geometry: (
        max_pool_pullback(dy, x, geometry=geometry),
        None,
    ),
    pushforward=lambda xp, tangents, y, args, options: (
        xp.zeros_like(y) if tangents[0] is None else max_pool_selection(tangents[0], args[1], **options)
    ),
)
