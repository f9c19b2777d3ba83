"""Channels exchanged for resolution."""

import itertools
from typing import Any

from xdl.core import Array, array_namespace, generic

__all__ = ["pixel_shuffle", "pixel_unshuffle"]


@generic
def pixel_shuffle(x: Array, factor: int, /) -> Array:
    """Spread groups of channels over blocks of entries, ``factor`` along each spatial axis.

    Parameters
    ----------
    x : (n, *spatial, c * factor ** k) array
        With ``k`` spatial axes, one to three.
    factor : int

    Returns
    -------
    (n, *(factor * spatial), c) array
        Channel ``j`` of ``c`` is made of the channels from ``j * factor ** k`` on, in row-major order of the block: PyTorch's
        order, so that weights can be exchanged. (TensorFlow's ``depth_to_space`` numbers the channels of
        a block first.)

    Raises
    ------
    ValueError
        If the channels cannot be divided so.

    References
    ----------
    Shi et al. (2016), arXiv:1609.05158, equation 4
    """
    xp = array_namespace(x)
    k, c = check_shuffle(x, factor)
    n, *spatial, _ = x.shape
    x = xp.reshape(x, (n, *spatial, c, *(factor,) * k))
    pairs = itertools.chain.from_iterable((i, k + 1 + i) for i in range(1, k + 1))
    x = xp.permute_dims(x, (0, *pairs, k + 1))
    return xp.reshape(x, (n, *(factor * s for s in spatial), c))


@generic
def pixel_unshuffle(x: Array, factor: int, /) -> Array:
    """Inverse of `pixel_shuffle`: blocks of entries become channels.

    Parameters
    ----------
    x : (n, *(factor * spatial), c) array
        With ``k`` spatial axes, one to three.
    factor : int

    Returns
    -------
    (n, *spatial, c * factor ** k) array

    Raises
    ------
    ValueError
        If ``factor`` does not divide the spatial sizes.
    """
    xp = array_namespace(x)
    k = check_unshuffle(x, factor)
    n, *spatial, c = x.shape
    parts = itertools.chain.from_iterable((s // factor, factor) for s in spatial)
    x = xp.reshape(x, (n, *parts, c))
    x = xp.permute_dims(x, (0, *range(1, 2 * k, 2), 2 * k + 1, *range(2, 2 * k + 1, 2)))
    return xp.reshape(x, (n, *(s // factor for s in spatial), c * factor**k))


def check_shuffle(x: Any, factor: Any) -> tuple[int, int]:
    """Refuse what does not fit; return the numbers of spatial axes and of channels of the result."""
    k = _check(x, factor)
    block = factor**k
    if x.shape[-1] % block:
        message = (
            f"expected a number of channels that factor ** {k} = {block} divides, got shape {tuple(x.shape)}"
        )
        raise ValueError(message)
    return k, x.shape[-1] // block


def check_unshuffle(x: Any, factor: Any) -> int:
    """Refuse what does not fit; return the number of spatial axes."""
    k = _check(x, factor)
    if any(s % factor for s in x.shape[1:-1]):
        message = f"expected spatial sizes that factor = {factor} divides, got shape {tuple(x.shape)}"
        raise ValueError(message)
    return k


def _check(x: Any, factor: Any) -> int:
    if not 3 <= len(x.shape) <= 5:
        message = f"expected `x` (n, *spatial, c) with 1 to 3 spatial axes, got shape {tuple(x.shape)}"
        raise ValueError(message)
    if not isinstance(factor, int) or isinstance(factor, bool) or factor < 1:
        message = f"`factor` must be a positive int, got {factor!r}"
        raise ValueError(message)
    return len(x.shape) - 2
