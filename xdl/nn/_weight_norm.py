"""Weights as direction times length."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

from ._precision import narrow, widen
from ._softmax import reduced_axes

__all__ = ["weight_norm"]


@generic
def weight_norm(v: Array, g: Array, /, *, axis: int | None = -1) -> Array:
    """Weight normalization: weights with the direction of ``v`` and the length ``g``.

    Parameters
    ----------
    v : (..., n) array
        Direction of the weights of each of n units.
    g : (n,) array
        Their lengths; () for one length of all.
    axis : int or None
        Axis of the units, which is the last one of all weights in xdl; lengths are taken over the others.
        None takes one length over all of ``v``. (PyTorch's default is its axis of units, 0.)

    Returns
    -------
    array like v
        ``g * v / norm(v)``; zeros where ``v`` is zero throughout, which has no direction.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If the dtypes differ.

    References
    ----------
    Salimans & Kingma (2016), arXiv:1602.07868, equation 2
    """
    others, shape = check_weight_norm(v, g, axis)
    xp = array_namespace(v, g)
    z = widen(xp, v)
    return narrow(xp, z * (widen(xp, xp.reshape(g, shape)) / _length(xp, z, others)), v)


def _length(xp: Any, v: Array, axes: tuple[int, ...]) -> Array:
    square = xp.sum(v * v, axis=axes, keepdims=True)
    return xp.sqrt(xp.where(square > 0, square, 1.0))


@generic
def weight_norm_pullback(
    dw: Array, v: Array, g: Array, /, *, axis: int | None, wanted: tuple[bool, ...]
) -> tuple[Array | None, ...]:
    """Cotangents of those of ``v`` and ``g`` that are wanted: equation 3 of the paper."""
    others, shape = check_weight_norm(v, g, axis)
    xp = array_namespace(dw, v, g)
    d, z = widen(xp, dw), widen(xp, v)
    length = _length(xp, z, others)
    unit = z / length
    dg = xp.sum(d * unit, axis=others, keepdims=True)
    dv = None
    if wanted[0]:
        dv = narrow(xp, (d - unit * dg) * (widen(xp, xp.reshape(g, shape)) / length), v)
    return dv, narrow(xp, xp.reshape(dg, g.shape), g) if wanted[1] else None


rule(
    weight_norm,
    pullback=lambda xp, dy, y, wanted, v, g, *, axis: weight_norm_pullback(
        dy, v, g, axis=axis, wanted=wanted
    ),
)


def check_weight_norm(v: Any, g: Any, axis: int | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Refuse what does not fit; give the axes of the lengths, and the shape of ``g`` beside ``v``."""
    ndim = len(v.shape)
    kept = () if axis is None else reduced_axes(axis, ndim)
    expected = tuple([v.shape[i] for i in kept])
    if tuple(g.shape) != expected:
        message = f"expected `g` of shape {expected} for `v` of shape {tuple(v.shape)}, got {tuple(g.shape)}"
        raise ValueError(message)
    if g.dtype != v.dtype:
        message = f"expected `v` and `g` of one dtype, got {v.dtype} and {g.dtype}; convert one with astype"
        raise TypeError(message)
    others = tuple([i for i in range(ndim) if i not in kept])
    return others, tuple([n if i in kept else 1 for i, n in enumerate(v.shape)])
