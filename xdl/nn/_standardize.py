"""Arrays shifted and scaled to mean 0 and variance 1: what all normalizations are made of."""

import math
from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

from ._precision import narrow, widen

__all__ = [
    "check_eps",
    "check_parameters",
    "rescale",
    "rescale_pullback",
    "standardize",
    "standardize_pullback",
]


@generic
def standardize(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    /,
    *,
    axes: tuple[int, ...],
    parameters: tuple[int, ...],
    eps: float,
    centered: bool,
) -> tuple[Array, Array, Array]:
    """Shift and scale ``x`` to mean 0 and variance 1, then by the parameters.

    Parameters
    ----------
    x : array
    weight, bias : array or None
        With the axes ``parameters`` of ``x``.
    axes : tuple of int
        Over which mean and variance are taken, sorted and counted from the front.
    parameters : tuple of int
        Axes of ``x`` that weight and bias have, likewise.
    eps : float
        Added to the variance.
    centered : bool
        False leaves the mean out: it is then 0, and the variance is the mean square.

    Returns
    -------
    y : array like x
    mean, var : array
        With axes of length 1 for those reduced; in float32 if ``x`` is of half precision. Of no entries,
        0. The variance is the mean squared distance from the mean, which is found first: the difference
        of two large numbers is never taken.
    """
    xp = array_namespace(x)
    z, n = widen(xp, x), _count(x, axes)
    mean = xp.sum(z, axis=axes, keepdims=True) / n
    if centered:
        z = z - mean
    else:
        mean = xp.zeros_like(mean)
    var = xp.sum(z * z, axis=axes, keepdims=True) / n
    y = z * (1.0 / xp.sqrt(var + eps))
    if weight is not None:
        y = y * _beside(xp, weight, x, parameters)
    if bias is not None:
        y = y + _beside(xp, bias, x, parameters)
    return narrow(xp, y, x), mean, var


@generic
def standardize_pullback(
    dy: Array,
    dmean: Array,
    dvar: Array,
    x: Array,
    weight: Array | None,
    mean: Array,
    var: Array,
    /,
    *,
    axes: tuple[int, ...],
    parameters: tuple[int, ...],
    eps: float,
    centered: bool,
    wanted: tuple[bool, ...],
) -> tuple[Array | None, ...]:
    """Cotangents of those of ``x``, ``weight`` and ``bias`` that are wanted, given those of the three results."""
    xp = array_namespace(dy, x)
    d, z, n = widen(xp, dy), widen(xp, x), _count(x, axes)
    scale = 1.0 / xp.sqrt(var + eps)
    z = (z - mean if centered else z) * scale
    others = tuple([i for i in range(len(x.shape)) if i not in parameters])
    dx = dweight = dbias = None
    if wanted[0]:
        g = d if weight is None else d * _beside(xp, weight, x, parameters)
        slope = dvar * ((2 / n) / scale) - scale * xp.sum(g * z, axis=axes, keepdims=True) / n
        dx = g * scale + z * slope
        if centered:
            dx = dx + (dmean - scale * xp.sum(g, axis=axes, keepdims=True)) * (1 / n)
        dx = narrow(xp, dx, x)
    if wanted[1] and weight is not None:
        dweight = narrow(xp, xp.sum(d * z, axis=others), weight)
    if wanted[2]:
        dbias = xp.sum(d, axis=others)
    return dx, dweight, dbias


def _pull(
    xp: Any, dy: Any, y: Any, wanted: Any, x: Array, weight: Array | None, bias: Array | None, **options: Any
) -> tuple[Array | None, ...]:
    return standardize_pullback(*dy, x, weight, *y[1:], wanted=wanted, **options)


rule(standardize, pullback=_pull)


@generic
def rescale(
    x: Array, mean: Array, var: Array, weight: Array | None, bias: Array | None, /, *, eps: float
) -> Array:
    """Shift and scale every channel, the last axis of ``x``, by a mean and a variance that are given.

    Parameters
    ----------
    x : (..., c) array
    mean, var : (c,) array
    weight, bias : (c,) array or None
    eps : float

    Returns
    -------
    array like x
    """
    xp = array_namespace(x)
    scale = 1.0 / xp.sqrt(widen(xp, var) + eps)
    if weight is not None:
        scale = scale * widen(xp, weight)
    # the mean first: scale and shift taken together would lose digits where the mean is large
    y = (widen(xp, x) - widen(xp, mean)) * scale
    return narrow(xp, y if bias is None else y + widen(xp, bias), x)


@generic
def rescale_pullback(
    dy: Array,
    x: Array,
    mean: Array,
    var: Array,
    weight: Array | None,
    /,
    *,
    eps: float,
    wanted: tuple[bool, ...],
) -> tuple[Array | None, ...]:
    """Cotangents of those of ``x``, ``mean``, ``var``, ``weight`` and ``bias`` that are wanted."""
    xp = array_namespace(dy, x)
    d, wide_var = widen(xp, dy), widen(xp, var)
    root = 1.0 / xp.sqrt(wide_var + eps)
    scale = root if weight is None else root * widen(xp, weight)
    others = tuple(range(len(x.shape) - 1))
    dx = narrow(xp, d * scale, x) if wanted[0] else None
    total = xp.sum(d, axis=others) if wanted[1] or wanted[4] else None
    dmean = narrow(xp, -scale * total, mean) if wanted[1] else None
    dvar = dweight = None
    if wanted[2] or wanted[3]:
        product = xp.sum(d * (widen(xp, x) - widen(xp, mean)), axis=others)
        if wanted[2]:
            dvar = narrow(xp, -0.5 * (scale * (root * root)) * product, var)
        if weight is not None and wanted[3]:
            dweight = narrow(xp, root * product, weight)
    return dx, dmean, dvar, dweight, total


rule(
    rescale,
    pullback=lambda xp, dy, y, wanted, x, mean, var, weight, bias, *, eps: rescale_pullback(
        dy, x, mean, var, weight, eps=eps, wanted=wanted
    ),
)


def _count(x: Array, axes: tuple[int, ...]) -> int:
    """Number of entries of a mean; 1 where there are none, so that their sum is it."""
    return max(1, math.prod([x.shape[i] for i in axes]))


def _beside(xp: Any, weight: Array, x: Array, parameters: tuple[int, ...]) -> Array:
    """Parameter with the axes of ``x``."""
    shape = tuple([n if i in parameters else 1 for i, n in enumerate(x.shape)])
    return widen(xp, xp.reshape(weight, shape))


def check_parameters(x: Any, shape: tuple[int, ...], **found: Any) -> None:
    """Refuse parameters of another shape or dtype; float32 goes with ``x`` of half precision."""
    for name, a in found.items():
        if a is None or (a.shape == shape and a.dtype == x.dtype):
            continue
        if tuple(a.shape) != shape:
            message = (
                f"expected `{name}` of shape {shape} for `x` of shape {tuple(x.shape)}, got {tuple(a.shape)}"
            )
            raise ValueError(message)
        if a.dtype != x.dtype:
            xp = array_namespace(x, a)
            if a.dtype != xp.float32 or x.dtype == xp.float64:
                message = (
                    f"expected `{name}` of the dtype of `x`, {x.dtype}, or float32 beside half precision, "
                    f"got {a.dtype}; convert it with astype"
                )
                raise TypeError(message)


def check_eps(eps: float) -> None:
    """Refuse what is no number to add to a variance."""
    if not 0 <= eps < math.inf:
        message = f"`eps` must be finite and at least 0, got {eps}"
        raise ValueError(message)
