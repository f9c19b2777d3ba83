"""Padding of arrays."""

from typing import Any

from xdl.autodiff import linear, rule
from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

from ._picked_rows import pick_rows, sum_rows
from ._softmax import reduced_axes

__all__ = ["pad"]

MODES = ("constant", "reflect", "symmetric", "edge", "wrap")
Pairs = tuple[tuple[int, int], ...]


@generic
def pad(
    x: Array,
    padding: int | tuple[int | tuple[int, int], ...],
    /,
    *,
    mode: str = "constant",
    value: float = 0.0,
    axis: int | tuple[int, ...] | None = None,
) -> Array:
    """Put entries before and after axes.

    Parameters
    ----------
    x : (n, *spatial, c) array
        Of any number of axes, if ``axis`` is given.
    padding : int or tuple
        Number of entries on all sides, or ``(before, after)``, or an int for both, per axis.
    mode : {"constant", "reflect", "symmetric", "edge", "wrap"}
        What is put there, by NumPy's names. PyTorch's "replicate" and "circular" are "edge" and "wrap",
        and it has no "symmetric", which repeats the entry at the border where "reflect" does not.
    value : float
        The constant.
    axis : int or tuple of int, optional
        Axes to pad; default: the spatial ones.

    Returns
    -------
    array
        As from ``numpy.pad``, also where more is put on a side than the axis is long.

    Raises
    ------
    ValueError
        If an option is out of range, or an axis without entries is padded by other than a constant.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import nn
    >>> nn.pad(np.asarray([1, 2, 3]), 2, mode="reflect", axis=0)
    array([3, 2, 1, 2, 3, 2, 1])
    """
    xp = array_namespace(x)
    for k, before, after in check_pad(x, padding, mode, axis):
        if mode == "constant":
            parts = (_full(xp, x, k, before, value), x, _full(xp, x, k, after, value))
            x = xp.concat([part for part in parts if part is not None], axis=k)
        else:
            x = pick_rows(x, axis=k, places=sources(x.shape[k], before, after, mode))
    return x


@generic
def pad_pullback(
    dy: Array,
    /,
    *,
    shape: tuple[int, ...],
    padding: int | tuple[int | tuple[int, int], ...],
    mode: str,
    axis: int | tuple[int, ...] | None,
) -> Array:
    """Transpose of `pad` as a linear map of an array of ``shape``."""
    for k, before, after in reversed(check_pad(dy, padding, mode, axis)):
        n = shape[k]
        if mode == "constant":
            dy = dy[(*(slice(None),) * k, slice(before, before + n), ...)]
        else:
            dy = sum_rows(dy, axis=k, places=sources(n, before, after, mode), size=n)
    return dy


rule(
    pad,
    pullback=(
        lambda xp, dy, y, x, padding, *, mode, value, axis: pad_pullback(
            dy, shape=tuple(x.shape), padding=padding, mode=mode, axis=axis
        ),
    ),
    pushforward=(lambda xp, dx, y, x, padding, *, mode, value, axis: pad(dx, padding, mode=mode, axis=axis),),
)
linear(
    pad_pullback,
    lambda xp, t, dy, *, shape, padding, mode, axis: pad(t, padding, mode=mode, axis=axis),
)


def _full(xp: Any, x: Array, axis: int, n: int, value: float) -> Array | None:
    if n == 0:
        return None
    shape = (*x.shape[:axis], n, *x.shape[axis + 1 :])
    return xp.full(shape, value, dtype=x.dtype, device=device_of(x))


def sources(n: int, before: int, after: int, mode: str) -> tuple[int, ...]:
    """Entry of an axis of ``n`` that each entry of the padded axis repeats."""
    places = range(-before, n + after)
    if mode == "edge" or n == 1:
        return tuple([min(max(i, 0), n - 1) for i in places])
    if mode == "wrap":
        return tuple([i % n for i in places])
    # up and down again
    last, period = (2 * n - 2, 2 * n - 2) if mode == "reflect" else (2 * n - 1, 2 * n)
    return tuple([min(i % period, last - i % period) for i in places])


def check_pad(
    x: Any,
    padding: Any,
    mode: str,
    axis: int | tuple[int, ...] | None,
) -> list[tuple[int, int, int]]:
    """Refuse what does not fit; return (axis, before, after) of the axes that are padded."""
    shape = x.shape
    if mode not in MODES:
        message = f"`mode` must be one of {', '.join(map(repr, MODES))}, got {mode!r}"
        raise ValueError(message)
    if axis is None and len(shape) < 3:
        message = (
            f"expected `x` (n, *spatial, c) with at least one spatial axis, got shape {tuple(shape)}; "
            "or give the `axis` to pad"
        )
        raise ValueError(message)
    axes = tuple(range(1, len(shape) - 1)) if axis is None else reduced_axes(axis, len(shape))
    if len(set(axes)) < len(axes):
        message = f"`axis` names an axis twice: {axis}"
        raise ValueError(message)
    found = padding if isinstance(padding, tuple) else (padding,) * len(axes)
    pairs = [p if isinstance(p, tuple) else (p, p) for p in found]
    if len(pairs) != len(axes) or not all(
        len(p) == 2 and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in p)
        for p in pairs
    ):
        message = (
            f"`padding` must be an int of at least 0, or one (before, after) for each of {len(axes)} axes, "
            f"got {padding!r}"
        )
        raise ValueError(message)
    if mode != "constant" and any(shape[k] == 0 and any(p) for k, p in zip(axes, pairs, strict=True)):
        message = f"an axis without entries can be padded by a constant alone, got shape {tuple(shape)}"
        raise ValueError(message)
    return [(k, *p) for k, p in zip(axes, pairs, strict=True) if any(p)]
