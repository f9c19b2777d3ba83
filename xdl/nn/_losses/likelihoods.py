"""Negative log-likelihoods of distributions other than the categorical one, and divergences."""

import math
from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic
from xdl.nn._activations.sigmoids import sigmoid
from xdl.nn._activations.smooth_rectifiers import softplus
from xdl.nn._precision import narrow, widen

from .products import xlogx
from .reductions import check_reduction, check_shapes, reduce, weight, wide_pair

__all__ = [
    "binary_cross_entropy",
    "gaussian_nll_loss",
    "kl_divergence",
    "poisson_nll_loss",
    "sigmoid_cross_entropy",
    "smooth_labels",
]


def binary_cross_entropy(probability: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """Negative log-likelihood of the targets where 1 has the given probability.

    Prefer `sigmoid_cross_entropy` where the probabilities come from a sigmoid: it has no saturation.

    Parameters
    ----------
    probability : array
        Numbers in [0, 1].
    target : array of the same shape
        Numbers in [0, 1], most often 0 or 1.
    reduction : {"mean", "sum", "none"}
        Mean or sum over all entries, or one loss per entry.

    Returns
    -------
    array
        Logarithms count as -100 at least, as in PyTorch, so that the loss is finite; where they are
        less, the derivative is 0.
    """
    xp, p, t = wide_pair(probability, target, reduction)
    loss = -xp.add(xp.multiply(t, _bounded_log(xp, p)), xp.multiply(1.0 - t, _bounded_log(xp, 1.0 - p)))
    return narrow(xp, reduce(xp, loss, reduction), probability)


def _bounded_log(xp: Any, p: Array) -> Array:
    log = xp.log(xp.where(p == 0, 1.0, p))
    return xp.where(xp.logical_or(p == 0, log < -100.0), -100.0, log)


@generic
def sigmoid_cross_entropy(logits: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """Binary cross-entropy of logits: `binary_cross_entropy` of their `sigmoid`, without overflow or saturation.

    Parameters
    ----------
    logits : array
        Logarithms of the odds.
    target : array of the same shape
        Numbers in [0, 1], most often 0 or 1. PyTorch calls the function binary_cross_entropy_with_logits,
        optax sigmoid_binary_cross_entropy.
    reduction : {"mean", "sum", "none"}
        Mean or sum over all entries, or one loss per entry.

    Returns
    -------
    array
    """
    xp, z, t = wide_pair(logits, target, reduction)
    return narrow(xp, reduce(xp, xp.subtract(softplus(z), xp.multiply(z, t)), reduction), logits)


def _pull(
    xp: Any, dy: Array, y: Array, wanted: tuple[bool, ...], logits: Array, target: Array, *, reduction: str
) -> Any:
    z = widen(xp, logits)
    dy = widen(xp, dy) * weight(z.shape) if reduction == "mean" else widen(xp, dy)
    dz = xp.multiply(xp.subtract(sigmoid(z), narrow(xp, target, z)), dy) if wanted[0] else None
    return dz, xp.multiply(-z, dy) if wanted[1] else None


rule(sigmoid_cross_entropy, pullback=_pull)


@generic
def derivatives_of_sigmoid_cross_entropy(z: Array, y: Array, /) -> tuple[Array, Array, Array]:
    """Sigmoid cross-entropy of logits ``z`` and targets ``y``, and its derivatives in ``z``: ``p - y``, ``p (1 - p)``."""
    xp = array_namespace(z, y)
    size = xp.abs(z)
    e = xp.exp(-size)  # neither this nor what follows can overflow, or cancel
    large = 1.0 / (1.0 + e)
    small = e * large
    below = 0.5 * (z - size)  # the smaller of z and 0: no branch, which costs most where signs are at random
    return xp.log1p(e) + (z - below) - y * z, xp.exp(below) * large - y, small * large


def kl_divergence(
    log_prediction: Array, target: Array, /, *, axis: int = -1, reduction: str = "mean"
) -> Array:
    """Kullback-Leibler divergence of predicted distributions from target ones.

    Parameters
    ----------
    log_prediction : (..., n) array
        Logarithms of probabilities, as from `log_softmax`.
    target : (..., n) array
        Probabilities; where they are 0, nothing is added.
    axis : int
        Axis of the alternatives.
    reduction : {"mean", "sum", "none"}
        Mean or sum over the examples, or one divergence per example. (PyTorch calls this mean "batchmean".)

    Returns
    -------
    array

    References
    ----------
    Kullback & Leibler (1951), On information and sufficiency, Annals of Mathematical Statistics 22
    """
    xp, q, p = wide_pair(log_prediction, target, reduction)
    impossible = xp.logical_and(p == 0, q == -math.inf)
    cross = xp.multiply(p, xp.where(impossible, 0.0, q))
    loss = xp.sum(xp.subtract(xlogx(p), cross), axis=axis)
    return narrow(xp, reduce(xp, loss, reduction), log_prediction)


def poisson_nll_loss(log_rate: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """Negative log-likelihood of counts under Poisson distributions, but for a term of the counts alone.

    Parameters
    ----------
    log_rate : array
        Logarithms of the rates.
    target : array of the same shape
        Counts.
    reduction : {"mean", "sum", "none"}
        Mean or sum over all entries, or one loss per entry.

    Returns
    -------
    array
        ``exp(log_rate) - target * log_rate``; what is left out is ``log(target!)``.
    """
    xp, z, t = wide_pair(log_rate, target, reduction)
    return narrow(xp, reduce(xp, xp.subtract(xp.exp(z), xp.multiply(t, z)), reduction), log_rate)


def gaussian_nll_loss(
    mean: Array, target: Array, variance: Array, /, *, eps: float = 1e-6, reduction: str = "mean"
) -> Array:
    """Negative log-likelihood of numbers under normal distributions, but for half the logarithm of 2 pi.

    Parameters
    ----------
    mean, target, variance : array
        Of one shape.
    eps : float
        The variance counts as this at least; where it is less, the derivative by it is 0. (PyTorch
        differentiates as if it were ``eps``.)
    reduction : {"mean", "sum", "none"}
        Mean or sum over all entries, or one loss per entry.

    Returns
    -------
    array

    References
    ----------
    Nix & Weigend (1994), Estimating the mean and variance of the target probability distribution, equation 3
    """
    check_reduction(reduction)
    check_shapes(mean=mean, target=target, variance=variance)
    xp = array_namespace(mean, target, variance)
    m = widen(xp, mean)
    v = narrow(xp, variance, m)
    v = xp.where(v < eps, eps, v)
    d = xp.subtract(m, narrow(xp, target, m))
    return narrow(xp, reduce(xp, 0.5 * xp.add(xp.log(v), xp.divide(d * d, v)), reduction), mean)


def smooth_labels(labels: Array, /, *, alpha: float, axis: int | None = -1) -> Array:
    """Spread a part of the probability of labels evenly over all classes.

    Parameters
    ----------
    labels : (..., n) array
        Probabilities of the classes, most often 0 or 1.
    alpha : float
        The part, in [0, 1].
    axis : int or None
        Axis of the classes. None is for two classes of which only the second one's probability is given.

    Returns
    -------
    (..., n) array

    References
    ----------
    Szegedy et al. (2016), arXiv:1512.00567, section 7
    """
    if not 0 <= alpha <= 1:
        message = f"`alpha` must be in [0, 1], got {alpha}"
        raise ValueError(message)
    return (1 - alpha) * labels + alpha / (2 if axis is None else labels.shape[axis])
