"""Losses: how far predictions are from targets, as one number or one per example."""

import math
from typing import Any

from array_api_compat import device

from xdl.core import Array, array_namespace, generic

from ._precision import narrow, widen
from ._softmax import largest

__all__ = ["accuracy", "cross_entropy", "mse"]


@generic
def cross_entropy(
    logits: Array,
    labels: Array,
    /,
    *,
    reduction: str = "mean",
    axis: int = -1,
    label_smoothing: float = 0.0,
) -> Array:
    """Negative log-likelihood of the labels under the softmax of the logits.

    Parameters
    ----------
    logits : (n, classes) array
        Unnormalized log-probabilities; more axes of examples are allowed.
    labels : (n,) array of integers, or (n, classes) array of floats
        Index of the class, or the probability of each class. No index is skipped: an index outside
        [0, classes) gives its example the loss NaN, and no derivative, on every backend.
    reduction : {"mean", "sum", "none"}
        Mean or sum over the examples, or one loss per example.
    axis : int
        Axis of the classes.
    label_smoothing : float
        This part of the probability, in [0, 1], is spread evenly over all classes.

    Returns
    -------
    array
        In the dtype of the logits, computed in float32 if that is half precision. An example whose
        largest logit is infinite (all are masked, or one is +inf) has the loss NaN.

    Raises
    ------
    ValueError
        If the shapes do not fit; nothing is broadcast.

    References
    ----------
    Szegedy et al. (2016), arXiv:1512.00567, section 7 (label smoothing)
    """
    axis, dense = check_cross_entropy(logits, labels, reduction, axis, label_smoothing)
    xp = array_namespace(logits, labels)
    z, s = _shifted(xp, widen(xp, logits), axis)
    if dense:
        t = narrow(xp, labels, z)
        # 0 log 0 = 0: a masked class, whose logit is -inf, may have probability 0
        fit, mass = xp.sum(xp.where(t == 0, 0.0, t * z), axis=axis), xp.sum(t, axis=axis)
    else:
        hit = hits(xp, labels, logits.shape[axis], axis)
        fit, mass = xp.sum(xp.where(hit, z, 0.0), axis=axis), 1.0
        fit = xp.where(xp.any(hit, axis=axis), fit, math.nan)
    if label_smoothing:
        fit = (1 - label_smoothing) * fit + label_smoothing * xp.mean(z, axis=axis)
        mass = (1 - label_smoothing) * mass + label_smoothing
    loss = mass * xp.log(s) - fit
    return narrow(xp, reduce(xp, loss, reduction), logits)


def _shifted(xp: Any, x: Array, axis: int) -> tuple[Array, Array]:
    """Logits less their maximum, and the sum of their exponentials; NaN where the maximum is infinite."""
    m = xp.max(x, axis=axis, keepdims=True)
    z = x - xp.where(xp.abs(m) <= largest(xp, x), m, math.nan)
    return z, xp.sum(xp.exp(z), axis=axis)


def hits(xp: Any, labels: Array, n: int, axis: int) -> Array:
    """Whether each of ``n`` classes, along ``axis``, is the label."""
    shape = [1] * (len(labels.shape) + 1)
    shape[axis] = n
    classes = xp.reshape(xp.arange(n, device=device(labels)), tuple(shape))
    return xp.expand_dims(labels, axis=axis) == classes


@generic
def mse(prediction: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """Squared difference.

    Parameters
    ----------
    prediction, target : array
        Of the same shape; the target is converted to the dtype of the prediction.
    reduction : {"mean", "sum", "none"}
        Mean or sum over all entries, or one loss per entry.

    Returns
    -------
    array
        In the dtype of the prediction, computed in float32 if that is half precision.
    """
    check_mse(prediction, target, reduction)
    xp = array_namespace(prediction, target)
    p = widen(xp, prediction)
    d = p - narrow(xp, target, p)
    return narrow(xp, reduce(xp, d * d, reduction), prediction)


def accuracy(logits: Array, labels: Array, /, *, axis: int = -1) -> Array:
    """Share of the examples whose largest logit is that of the label; the first of equal ones counts.

    Parameters
    ----------
    logits : (n, classes) array
    labels : (n,) array of integers
    axis : int
        Axis of the classes.

    Returns
    -------
    () array
        In [0, 1], in the dtype of the logits. It has no derivative.
    """
    axis, dense = check_cross_entropy(logits, labels, "mean", axis, 0.0)
    if dense:
        message = f"expected integer `labels`, got {labels.dtype}"
        raise TypeError(message)
    xp = array_namespace(logits, labels)
    z = widen(xp, logits)
    right = xp.astype(xp.argmax(z, axis=axis) == labels, z.dtype)
    return narrow(xp, reduce(xp, right, "mean"), logits)


def reduce(xp: Any, loss: Array, reduction: str) -> Array:
    """Mean, which is NaN for no examples, or sum, or nothing."""
    if reduction == "none":
        return loss
    total = xp.sum(loss)
    return total if reduction == "sum" else total * weight(loss.shape)


def weight(shape: tuple[int, ...]) -> float:
    """Weight of one example in a mean."""
    n = math.prod(shape)
    return 1 / n if n else math.nan


def check_cross_entropy(
    logits: Any, labels: Any, reduction: str, axis: int, label_smoothing: float
) -> tuple[int, bool]:
    """Refuse what does not fit; return the axis counted from the front, and whether labels are rows."""
    shape, ndim = tuple(logits.shape), len(logits.shape)
    check_reduction(reduction)
    if not -ndim <= axis < ndim:
        message = f"`axis` must be in [{-ndim}, {ndim}), got {axis}"
        raise ValueError(message)
    if not 0 <= label_smoothing <= 1:
        message = f"`label_smoothing` must be in [0, 1], got {label_smoothing}"
        raise ValueError(message)
    axis %= ndim
    xp = array_namespace(logits, labels)
    examples = shape[:axis] + shape[axis + 1 :]
    if shape[axis] == 0:
        message = f"expected at least one class on axis {axis} of `logits`, got shape {shape}"
        raise ValueError(message)
    if xp.isdtype(labels.dtype, "integral"):
        expected, kind = examples, "integer"
    elif xp.isdtype(labels.dtype, "real floating"):
        expected, kind = shape, "floating-point"
    else:
        message = f"expected `labels` of integers (classes) or floats (probabilities), got {labels.dtype}"
        raise TypeError(message)
    if tuple(labels.shape) != expected:
        message = (
            f"expected {kind} `labels` of shape {expected} for `logits` of shape {shape}, "
            f"got {tuple(labels.shape)}; integers are classes, floats are probabilities of all classes"
        )
        raise ValueError(message)
    return axis, kind != "integer"


def check_mse(prediction: Any, target: Any, reduction: str) -> None:
    """Refuse what does not fit."""
    check_reduction(reduction)
    if tuple(prediction.shape) != tuple(target.shape):
        message = (
            f"expected `prediction` and `target` of one shape, got {tuple(prediction.shape)} "
            f"and {tuple(target.shape)}; reshape one of them"
        )
        raise ValueError(message)


def check_reduction(reduction: str) -> None:
    """Refuse unknown words."""
    if reduction not in ("mean", "sum", "none"):
        message = f"`reduction` must be 'mean', 'sum' or 'none', got {reduction!r}"
        raise ValueError(message)
