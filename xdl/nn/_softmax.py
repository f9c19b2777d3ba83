"""Softmax and its relatives, which agree on infinite entries."""

import math
from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

from ._precision import narrow, widen

__all__ = ["log_softmax", "logsumexp", "softmax"]


@generic
def softmax(x: Array, /, *, axis: int = -1) -> Array:
    """Exponentials of ``x`` divided by their sum along ``axis``.

    Parameters
    ----------
    x : (..., n) array
        Unnormalized log-probabilities; -inf masks an alternative.
    axis : int
        Axis of length ``n`` that holds the alternatives.

    Returns
    -------
    (..., n) array
        Probabilities. A row that is -inf throughout gives zeros, with zero derivative (PyTorch and JAX
        give NaN); an entry of +inf counts as the largest finite number, so it gets all the probability.
    """
    xp = array_namespace(x)
    if 0 in x.shape:
        return x
    e, s, _ = _exponentials(xp, x, axis)
    return narrow(xp, e / xp.where(s == 0, 1.0, s), x)


@generic
def softmax_pullback(dy: Array, y: Array, /, *, axis: int) -> Array:
    """Cotangent of the argument of `softmax`, given its result."""
    xp = array_namespace(dy, y)
    d, p = widen(xp, dy), widen(xp, y)
    return narrow(xp, xp.multiply(p, xp.subtract(d, xp.sum(xp.multiply(p, d), axis=axis, keepdims=True))), dy)


# the matrix of the derivative is symmetric
rule(
    softmax,
    pullback=(lambda xp, dy, y, x, *, axis: softmax_pullback(dy, y, axis=axis),),
    pushforward=(lambda xp, dx, y, x, *, axis: softmax_pullback(dx, y, axis=axis),),
)


@generic
def log_softmax(x: Array, /, *, axis: int = -1) -> Array:
    """Logarithm of the softmax of ``x`` along ``axis``, without overflow.

    Parameters
    ----------
    x : (..., n) array
        Unnormalized log-probabilities; -inf masks an alternative.
    axis : int
        Axis of length ``n`` that holds the alternatives.

    Returns
    -------
    (..., n) array
        Log-probabilities, at most 0. A row that is -inf throughout stays so (PyTorch and JAX give NaN);
        an entry of +inf counts as the largest finite number.
    """
    xp = array_namespace(x)
    if 0 in x.shape:
        return x
    _, s, z = _exponentials(xp, x, axis)
    return narrow(xp, z - xp.log(xp.where(s == 0, 1.0, s)), x)


@generic
def log_softmax_pullback(dy: Array, y: Array, /, *, axis: int) -> Array:
    """Cotangent of the argument of `log_softmax`, given its result."""
    xp = array_namespace(dy, y)
    d = widen(xp, dy)
    p = xp.exp(widen(xp, y))
    return narrow(xp, xp.subtract(d, xp.multiply(p, xp.sum(d, axis=axis, keepdims=True))), dy)


rule(log_softmax, pullback=(lambda xp, dy, y, x, *, axis: log_softmax_pullback(dy, y, axis=axis),))


@generic
def logsumexp(x: Array, /, *, axis: int | tuple[int, ...] | None = -1, keepdims: bool = False) -> Array:
    """Logarithm of the sum of the exponentials of ``x``, without overflow.

    Parameters
    ----------
    x : (..., n) array
    axis : int, tuple of int or None
        Axes of the sum; None means all. (SciPy's default is None, PyTorch has none.)
    keepdims : bool
        Whether the axes stay, with length 1.

    Returns
    -------
    array
        Where all terms are -inf, or there are none, -inf, with zero derivative; where one is +inf, +inf.
    """
    xp = array_namespace(x)
    axes = reduced_axes(axis, len(x.shape))
    if math.prod([x.shape[i] for i in axes]) == 0:
        return xp.sum(x, axis=axes, keepdims=keepdims) - math.inf
    _, s, _ = _exponentials(xp, x, axes)
    m = xp.max(widen(xp, x), axis=axes, keepdims=True)
    y = xp.log(xp.where(s == 0, 1.0, s)) + xp.where(s == 0, -math.inf, m)
    if not keepdims:
        y = xp.squeeze(y, axis=axes)
    return narrow(xp, y, x)


def _pull_logsumexp(xp: Any, dy: Array, y: Array, x: Array, *, axis: Any, keepdims: bool) -> Array:
    axes = reduced_axes(axis, len(x.shape))
    if math.prod([x.shape[i] for i in axes]) == 0:
        return xp.zeros_like(x)
    if not keepdims:
        dy = xp.reshape(dy, tuple([1 if i in axes else n for i, n in enumerate(x.shape)]))
    e, s, _ = _exponentials(xp, x, axes)
    return narrow(xp, xp.multiply(e, xp.divide(widen(xp, dy), xp.where(s == 0, 1.0, s))), x)


rule(logsumexp, pullback=(_pull_logsumexp,))


def _exponentials(xp: Any, x: Array, axis: Any) -> tuple[Array, Array, Array]:
    """Return exp(z), its sum, and z, which is ``x`` less its maximum."""
    reduced_axes(axis, len(x.shape))
    z = widen(xp, x)
    limit = largest(xp, x)
    z = xp.where(z > limit, limit, z)
    m = xp.max(z, axis=axis, keepdims=True)
    z = z - xp.where(m == -math.inf, 0.0, m)
    e = xp.exp(z)
    return e, xp.sum(e, axis=axis, keepdims=True), z


def largest(xp: Any, x: Array) -> float:
    """Largest finite number of the type of ``x``."""
    return float(xp.finfo(x.dtype).max)


def reduced_axes(axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """Return ``axis`` as a tuple of axes counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for i in axes:
        if not -ndim <= i < ndim:
            message = f"`axis` must be in [{-ndim}, {ndim}), got {i}"
            raise ValueError(message)
    return tuple([i % ndim for i in axes])
