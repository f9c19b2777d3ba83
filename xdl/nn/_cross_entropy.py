"""Cross-entropy of logits with labels."""

import math
from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

from ._losses import check_reduction, reduce, weight
from ._precision import narrow, widen
from ._softmax import largest

__all__ = ["cross_entropy"]


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
    xp = array_namespace(logits, labels)
    dense = has_rows(xp, labels)
    axis = check_cross_entropy(logits, labels, dense, reduction, axis, label_smoothing)
    z, s = _shifted(xp, widen(xp, logits), axis)
    if dense:
        t = narrow(xp, labels, z)
        # functions, not operators, where one array may be traced and the other one not
        fit, mass = xp.sum(xp.multiply(t, _possible(xp, z, t)), axis=axis), xp.sum(t, axis=axis)
    else:
        hit = hits(xp, labels, logits.shape[axis], axis)
        fit, mass = xp.sum(xp.where(hit, z, 0.0), axis=axis), None
    if label_smoothing:
        fit = (1 - label_smoothing) * fit + label_smoothing * xp.mean(z, axis=axis)
        mass = (1 - label_smoothing) * mass + label_smoothing if dense else None  # pyright: ignore[reportOperatorIssue]
    loss = (xp.multiply(mass, xp.log(s)) if dense else xp.log(s)) - fit
    if not dense:
        loss = xp.where(xp.any(hit, axis=axis), loss, math.nan)
    return narrow(xp, reduce(xp, loss, reduction), logits)


@generic
def cross_entropy_pullback(
    dy: Array, logits: Array, labels: Array, /, *, reduction: str, axis: int, label_smoothing: float
) -> Array:
    """Cotangent of the logits: what the softmax gives too much."""
    xp = array_namespace(dy, logits, labels)
    axis, dense = axis % len(logits.shape), has_rows(xp, labels)
    z, s = _shifted(xp, widen(xp, logits), axis)
    p = xp.exp(z) / xp.expand_dims(s, axis=axis)
    n = logits.shape[axis]
    if dense:
        t = narrow(xp, labels, z)
        mass = xp.sum(t, axis=axis, keepdims=True)
    else:
        hit = hits(xp, labels, n, axis)
        t, mass = xp.astype(hit, z.dtype), None
    if label_smoothing:
        t = (1 - label_smoothing) * t + label_smoothing / n
        mass = (1 - label_smoothing) * mass + label_smoothing if dense else None  # pyright: ignore[reportOperatorIssue]
    dx = (xp.multiply(mass, p) if dense else p) - t
    if not dense:
        # the loss of an example without a class is a constant, NaN
        dx = xp.where(xp.any(hit, axis=axis, keepdims=True), dx, 0.0)
    return narrow(xp, xp.multiply(dx, _per_example(xp, dy, z, reduction, axis)), logits)


def _pull(
    xp: Any, dy: Array, y: Array, wanted: tuple[bool, ...], logits: Array, labels: Array, **options: Any
) -> Any:
    dx = cross_entropy_pullback(dy, logits, labels, **options) if wanted[0] else None
    return dx, _pull_labels(xp, dy, logits, labels, **options) if wanted[1] else None


def _pull_labels(
    xp: Any, dy: Array, logits: Array, labels: Array, *, reduction: str, axis: int, label_smoothing: float
) -> Array:
    axis %= len(logits.shape)
    z, s = _shifted(xp, widen(xp, logits), axis)
    dt = xp.subtract(xp.log(xp.expand_dims(s, axis=axis)), _possible(xp, z, narrow(xp, labels, z)))
    return xp.multiply((1 - label_smoothing) * dt, _per_example(xp, dy, z, reduction, axis))


rule(cross_entropy, pullback=_pull)


def _possible(xp: Any, z: Array, t: Array) -> Array:
    """Replace by 0 the logits of masked classes of probability 0, because 0 log 0 = 0."""
    return xp.where(xp.logical_and(t == 0, z == -math.inf), 0.0, z)


def _per_example(xp: Any, dy: Array, z: Array, reduction: str, axis: int) -> Array:
    """Cotangent of the losses before their reduction, ready to be multiplied with the logits'."""
    dy = widen(xp, dy)
    if reduction == "none":
        return xp.expand_dims(dy, axis=axis)
    return dy * weight(z.shape[:axis] + z.shape[axis + 1 :]) if reduction == "mean" else dy


def _shifted(xp: Any, x: Array, axis: int) -> tuple[Array, Array]:
    """Logits less their maximum, and the sum of their exponentials; NaN where the maximum is infinite."""
    m = xp.max(x, axis=axis, keepdims=True)
    z = x - xp.where(xp.abs(m) <= largest(xp, x), m, math.nan)
    return z, xp.sum(xp.exp(z), axis=axis)


def hits(xp: Any, labels: Array, n: int, axis: int) -> Array:
    """Whether each of ``n`` classes, along ``axis``, is the label."""
    shape = [1] * (len(labels.shape) + 1)
    shape[axis] = n
    classes = xp.reshape(xp.arange(n, device=device_of(labels)), tuple(shape))
    return xp.equal(xp.expand_dims(labels, axis=axis), classes)


def has_rows(xp: Any, labels: Array) -> bool:
    """Whether labels are rows of probabilities, not indices."""
    if xp.isdtype(labels.dtype, "integral"):
        return False
    if xp.isdtype(labels.dtype, "real floating"):
        return True
    message = f"expected `labels` of integers (classes) or floats (probabilities), got {labels.dtype}"
    raise TypeError(message)


def check_cross_entropy(
    logits: Any, labels: Any, dense: bool, reduction: str, axis: int, label_smoothing: float
) -> int:
    """Refuse what does not fit; return the axis counted from the front."""
    shape, ndim = logits.shape, len(logits.shape)
    check_reduction(reduction)
    if not -ndim <= axis < ndim:
        message = f"`axis` must be in [{-ndim}, {ndim}), got {axis}"
        raise ValueError(message)
    if not 0 <= label_smoothing <= 1:
        message = f"`label_smoothing` must be in [0, 1], got {label_smoothing}"
        raise ValueError(message)
    axis %= ndim
    if shape[axis] == 0:
        message = f"expected at least one class on axis {axis} of `logits`, got shape {tuple(shape)}"
        raise ValueError(message)
    expected = shape if dense else shape[:axis] + shape[axis + 1 :]
    if labels.shape != expected:
        message = (
            f"expected {'floating-point' if dense else 'integer'} `labels` of shape {tuple(expected)} for `logits` "
            f"of shape {tuple(shape)}, got {tuple(labels.shape)}; integers are classes, floats are probabilities "
            "of all classes"
        )
        raise ValueError(message)
    return axis
