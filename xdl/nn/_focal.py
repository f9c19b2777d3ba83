"""Focal losses, in which examples that are classified well count less."""

from typing import Any

from xdl.core import Array, array_namespace

from ._activations import log_sigmoid, sigmoid
from ._cross_entropy import check_cross_entropy, has_rows, hits
from ._losses import reduce
from ._losses.reductions import wide_pair
from ._precision import narrow, widen
from ._softmax import log_softmax

__all__ = ["binary_focal_loss", "focal_loss"]


def binary_focal_loss(
    logits: Array,
    target: Array,
    /,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    reduction: str = "mean",
) -> Array:
    """Binary cross-entropy of logits, times a power of the probability of being wrong.

    Parameters
    ----------
    logits : array
        Logarithms of the odds. (Flux takes probabilities.)
    target : array of the same shape
        0 or 1, or a probability of 1.
    gamma : float
        The power, 0 or at least 1; 0 gives `sigmoid_cross_entropy`.
    alpha : float, optional
        Weight of the targets 1, where that of the targets 0 is ``1 - alpha``; 0.25 in the paper.
    reduction : {"mean", "sum", "none"}
        Mean or sum over all entries, or one loss per entry.

    Returns
    -------
    array

    References
    ----------
    Lin, Goyal, Girshick, He & Dollár (2017), arXiv:1708.02002, equations 4 and 5
    """
    _check_gamma(gamma)
    xp, z, t = wide_pair(logits, target, reduction)
    yes = xp.multiply(t, log_sigmoid(z))
    no = xp.multiply(1.0 - t, log_sigmoid(-z))
    loss = -xp.add(yes, no)
    if gamma:
        wrong = xp.add(xp.multiply(t, sigmoid(-z)), xp.multiply(1.0 - t, sigmoid(z)))
        loss = loss * wrong**gamma
    if alpha is not None:
        loss = xp.multiply(loss, alpha * t + (1 - alpha) * (1.0 - t))
    return narrow(xp, reduce(xp, loss, reduction), logits)


def focal_loss(
    logits: Array, labels: Array, /, *, gamma: float = 2.0, axis: int = -1, reduction: str = "mean"
) -> Array:
    """`cross_entropy`, each class times a power of the probability that it is not given.

    Parameters
    ----------
    logits : (n, classes) array
        Unnormalized log-probabilities. (Flux takes probabilities.)
    labels : (n,) array of integers, or (n, classes) array of floats
        As for `cross_entropy`.
    gamma : float
        The power, 0 or at least 1; 0 gives `cross_entropy`.
    axis : int
        Axis of the classes.
    reduction : {"mean", "sum", "none"}
        Mean or sum over the examples, or one loss per example.

    Returns
    -------
    array

    References
    ----------
    Lin, Goyal, Girshick, He & Dollár (2017), arXiv:1708.02002, equation 4
    """
    _check_gamma(gamma)
    xp = array_namespace(logits, labels)
    dense = has_rows(xp, labels)
    axis = check_cross_entropy(logits, labels, dense, reduction, axis, 0.0)
    log = log_softmax(widen(xp, logits), axis=axis)
    lost = -log * (-xp.expm1(log)) ** gamma if gamma else -log
    if dense:
        loss = xp.sum(xp.multiply(narrow(xp, labels, log), lost), axis=axis)
    else:
        hit: Any = hits(xp, labels, logits.shape[axis], axis)
        loss = xp.sum(xp.where(hit, lost, 0.0), axis=axis)
        loss = xp.where(xp.any(hit, axis=axis), loss, float("nan"))
    return narrow(xp, reduce(xp, loss, reduction), logits)


def _check_gamma(gamma: float) -> None:
    if gamma != 0 and not gamma >= 1:
        message = f"`gamma` must be 0 or at least 1, got {gamma}"
        raise ValueError(message)
