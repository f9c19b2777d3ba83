"""Losses of segmentations: how little two fuzzy sets overlap."""

from typing import Any

from xdl.core import Array
from xdl.nn._precision import narrow

from .reductions import reduce, wide_pair

__all__ = ["dice_loss", "tversky_loss"]


def dice_loss(prediction: Array, target: Array, /, *, smooth: float = 1.0, reduction: str = "mean") -> Array:
    """One less the Dice coefficient, twice the overlap of two sets by their sizes.

    Parameters
    ----------
    prediction, target : (n, ...) array
        Probabilities, and 0 or 1: one set for each of ``n`` examples.
    smooth : float
        Added above and below, so that two empty sets overlap fully.
    reduction : {"mean", "sum", "none"}
        Mean or sum over the examples, or one loss per example. (Flux has one set in all.)

    Returns
    -------
    array

    References
    ----------
    Milletari, Navab & Ahmadi (2016), arXiv:1606.04797, section 3 (sizes are sums of squares)
    """
    xp, p, t = wide_pair(prediction, target, reduction)
    both = _total(xp, xp.multiply(p, t))
    loss = 1.0 - (2.0 * both + smooth) / (xp.add(_total(xp, p * p), _total(xp, t * t)) + smooth)
    return narrow(xp, reduce(xp, loss, reduction), prediction)


def tversky_loss(
    prediction: Array,
    target: Array,
    /,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    smooth: float = 1.0,
    reduction: str = "mean",
) -> Array:
    """One less the Tversky index, which weighs false positives and false negatives apart.

    Parameters
    ----------
    prediction, target : (n, ...) array
        Probabilities, and 0 or 1: one set for each of ``n`` examples.
    alpha, beta : float
        Weights of false positives and of false negatives. Halves give the Dice coefficient of sets. (In
        Flux ``beta`` weighs false positives.)
    smooth : float
        Added above and below, so that two empty sets overlap fully.
    reduction : {"mean", "sum", "none"}
        Mean or sum over the examples, or one loss per example.

    Returns
    -------
    array

    References
    ----------
    Salehi, Erdogmus & Gholipour (2017), arXiv:1706.05721, equation 3
    """
    xp, p, t = wide_pair(prediction, target, reduction)
    both = _total(xp, xp.multiply(p, t))
    wrong = alpha * _total(xp, xp.multiply(p, 1.0 - t)) + beta * _total(xp, xp.multiply(1.0 - p, t))
    loss = 1.0 - (both + smooth) / (both + wrong + smooth)
    return narrow(xp, reduce(xp, loss, reduction), prediction)


def _total(xp: Any, x: Array) -> Array:
    """Sum over all axes but the first."""
    return xp.sum(x, axis=tuple(range(1, len(x.shape)))) if len(x.shape) > 1 else x
