"""Normalization of every example by itself, in groups of channels or channel by channel."""

import math

from xdl.core import Array, array_namespace, generic

from ._standardize import check_eps, check_parameters, standardize

__all__ = ["group_norm", "instance_norm"]


@generic
def group_norm(
    x: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    /,
    *,
    groups: int,
    eps: float = 1e-5,
) -> Array:
    """Group normalization: the channels of every example in groups, each shifted and scaled to mean 0 and variance 1.

    Parameters
    ----------
    x : (n, ..., c) array
        Images or sequences with the channels last, or features.
    weight, bias : (c,) array, optional
        Scale and shift of what is normalized; in the dtype of ``x``, or in float32 if that is half precision.
    groups : int
        Number of groups of neighboring channels, which divides c. With one group, mean and variance are
        taken over all of an example.
    eps : float
        Added to the variance, inside of the square root.

    Returns
    -------
    array like x
        Normalized by mean and biased variance over the positions and the channels of a group.

    Raises
    ------
    ValueError
        If the shapes do not fit; nothing is broadcast.
    TypeError
        If the dtypes do not fit.

    References
    ----------
    Wu & He (2018), arXiv:1803.08494, equations 1 to 4
    """
    check_group_norm(x, weight, bias, groups, eps)
    xp, (n, *places, c) = array_namespace(x), x.shape
    shape = (groups, c // groups)
    cut = [None if a is None else xp.reshape(a, shape) for a in (weight, bias)]
    parts = xp.reshape(x, (n, math.prod(places), *shape))
    y = standardize(parts, *cut, axes=(1, 3), parameters=(2, 3), eps=eps, centered=True)[0]
    return xp.reshape(y, x.shape)


def instance_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, /, *, eps: float = 1e-5
) -> Array:
    """Instance normalization: every channel of every example shifted and scaled to mean 0 and variance 1.

    Parameters
    ----------
    x : (n, ..., c) array
        Images or sequences with the channels last.
    weight, bias : (c,) array, optional
        Scale and shift of what is normalized; in the dtype of ``x``, or in float32 if that is half precision.
    eps : float
        Added to the variance, inside of the square root.

    Returns
    -------
    array like x
        Normalized by mean and biased variance over the positions of a channel. Of a single position the
        variance is 0, so that the result is the bias. (PyTorch refuses a single position.)

    Raises
    ------
    ValueError
        If the shapes do not fit; nothing is broadcast.
    TypeError
        If the dtypes do not fit.

    References
    ----------
    Ulyanov, Vedaldi & Lempitsky (2016), arXiv:1607.08022, equation 4
    """
    return group_norm(x, weight, bias, groups=max(1, x.shape[-1]) if x.shape else 1, eps=eps)


def check_group_norm(x: Array, weight: Array | None, bias: Array | None, groups: int, eps: float) -> None:
    """Refuse what does not fit."""
    if len(x.shape) < 2:
        message = f"expected `x` of shape (n, ..., c), got {tuple(x.shape)}"
        raise ValueError(message)
    c = x.shape[-1]
    if isinstance(groups, bool) or not isinstance(groups, int) or groups < 1 or c % groups:
        message = f"`groups` must be a positive divisor of the {c} channels of `x`, got {groups!r}"
        raise ValueError(message)
    check_eps(eps)
    check_parameters(x, (c,), weight=weight, bias=bias)
