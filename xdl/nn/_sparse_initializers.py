"""Initializers of matrices that are mostly zeros; the same numbers, bit by bit, on every backend."""

import math
from typing import Any

from xdl.core import Array, array_namespace, random
from xdl.core._namespace import device_of

from ._initializers import fans

__all__ = ["identity", "sparse"]


def identity(
    key: Array,
    shape: tuple[int, ...],
    /,
    *,
    gain: float = 1.0,
    shift: int | tuple[int, ...] = 0,
    dtype: Any = None,
) -> Array:
    """Matrix, or kernel of a convolution with padding "same", that maps a signal to itself.

    Channels that have no partner map to 0, or are 0. The key is not used.

    Parameters
    ----------
    key, dtype
        As for `glorot_uniform`.
    shape : tuple of int
        ``(n_in, n_out)``, or ``(..., n_in, n_out)`` for a convolution; of an even window the middle is
        the entry before the half.
    gain : float
        The number that is not zero.
    shift : int or tuple of int
        Places by which the entries move on along each axis, around the end; one number is for all axes.

    Returns
    -------
    array

    References
    ----------
    Le, Jaitly & Hinton (2015), arXiv:1504.00941, section 3
    """
    fans(shape)
    moves = (shift,) * len(shape) if isinstance(shift, int) else tuple(shift)
    if len(moves) != len(shape):
        message = f"expected `shift` of one number or one per axis of shape {tuple(shape)}, got {moves}"
        raise ValueError(message)
    xp = array_namespace(key)
    *window, n_in, n_out = shape
    eye = xp.eye(n_in, n_out, dtype=xp.float32 if dtype is None else dtype, device=device_of(key)) * gain
    for k, n in enumerate(reversed(window)):
        at = xp.reshape(xp.arange(n, device=device_of(key)) == (n - 1) // 2, (n,) + (1,) * (k + 2))
        eye = xp.where(at, eye, 0.0)
    return xp.roll(eye, moves, axis=tuple(range(len(shape)))) if any(moves) else eye


def sparse(
    key: Array, shape: tuple[int, ...], /, *, sparsity: float, std: float = 0.01, dtype: Any = None
) -> Array:
    """Normal numbers of which every output takes part of the inputs only.

    Parameters
    ----------
    key, dtype
        As for `glorot_uniform`.
    shape : tuple of int
        ``(n_in, n_out)``.
    sparsity : float
        Part of the inputs, in [0, 1] and rounded up to a number of them, whose weights are zero, drawn
        for every output.
    std : float
        Standard deviation of the others.

    Returns
    -------
    array

    References
    ----------
    Martens (2010), Deep learning via Hessian-free optimization, section 5
    """
    fans(shape)
    if len(shape) != 2:
        message = f"`shape` must be (n_in, n_out), got {tuple(shape)}"
        raise ValueError(message)
    if not 0 <= sparsity <= 1:
        message = f"`sparsity` must be in [0, 1], got {sparsity}"
        raise ValueError(message)
    xp = array_namespace(key)
    keys = random.split(key, 2)
    w = random.normal(keys[0, ...], shape, dtype=xp.float32 if dtype is None else dtype) * std
    order = xp.argsort(random.uniform(keys[1, ...], shape), axis=0, stable=True)
    ranks = xp.argsort(order, axis=0, stable=True)
    return xp.where(ranks < math.ceil(sparsity * shape[0]), 0.0, w)
