"""The affine map of a dense layer."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

__all__ = ["linear"]


@generic
def linear(x: Array, w: Array, b: Array | None = None, /) -> Array:
    """Affine map ``x @ w + b`` of the last axis.

    Parameters
    ----------
    x : (..., n_in) array
    w : (n_in, n_out) array
        Weights; the transpose of what PyTorch stores.
    b : (n_out,) array, optional
        Bias.

    Returns
    -------
    (..., n_out) array

    Raises
    ------
    ValueError
        If the shapes do not fit; nothing is broadcast.
    TypeError
        If the dtypes differ; nothing is promoted.
    """
    check_linear(x, w, b)
    xp = array_namespace(x, w, b)
    y = xp.matmul(x, w)
    return y if b is None else xp.add(y, b)


def check_linear(x: Any, w: Any, b: Any) -> None:
    """Refuse shapes and dtypes that do not fit."""
    shape = w.shape
    if len(shape) != 2 or not x.shape or x.shape[-1] != shape[0]:
        message = (
            f"expected `x` (..., n_in) and `w` (n_in, n_out), got shapes {tuple(x.shape)} and {tuple(shape)}"
        )
        raise ValueError(message)
    if b is not None and (len(b.shape) != 1 or b.shape[0] != shape[1]):
        message = f"expected `b` of shape ({shape[1]},) for `w` of shape {tuple(shape)}, got {tuple(b.shape)}"
        raise ValueError(message)
    if x.dtype != w.dtype or (b is not None and b.dtype != w.dtype):
        found = ", ".join(str(a.dtype) for a in (x, w, b) if a is not None)
        message = (
            f"expected `x`, `w` and `b` of one dtype, got {found}; "
            "convert the data to the dtype of the parameters with astype"
        )
        raise TypeError(message)


@generic
def linear_pullback(
    dy: Array, x: Array, w: Array, /, *, wanted: tuple[bool, ...]
) -> tuple[Array | None, ...]:
    """Cotangents of those of ``x``, ``w`` and ``b`` that are wanted; the first layer of a network wants no ``x``."""
    xp = array_namespace(dy, x, w)
    n_in, n_out = w.shape
    dx = xp.matmul(dy, w.T) if wanted[0] else None
    if len(x.shape) != 2:
        x, dy = xp.reshape(x, (-1, n_in)), xp.reshape(dy, (-1, n_out))
    dw = xp.matmul(x.T, dy) if wanted[1] else None
    return dx, dw, xp.sum(dy, axis=0) if any(wanted[2:]) else None


rule(
    linear,
    pullback=lambda xp, dy, y, wanted, x, w, b=None: linear_pullback(dy, x, w, wanted=wanted),
    pushforward=(
        lambda xp, dx, y, x, w, b=None: xp.matmul(dx, w),
        lambda xp, dw, y, x, w, b=None: xp.matmul(x, dw),
        lambda xp, db, y, x, w, b=None: db,
    ),
)
