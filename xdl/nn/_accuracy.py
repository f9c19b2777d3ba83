"""Share of examples classified rightly."""

from typing import Any

from xdl.core import Array, array_namespace

from ._cross_entropy import check_cross_entropy, has_rows, hits
from ._losses import reduce
from ._precision import narrow, widen

__all__ = ["accuracy", "top_k_accuracy"]


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
    xp, z, axis = _checked(logits, labels, axis)
    right = xp.astype(xp.argmax(z, axis=axis) == labels, z.dtype)
    return narrow(xp, reduce(xp, right, "mean"), logits)


def top_k_accuracy(logits: Array, labels: Array, /, *, k: int, axis: int = -1) -> Array:
    """Share of the examples whose label is among the ``k`` largest logits; of equal ones the first count.

    Parameters
    ----------
    logits : (n, classes) array
    labels : (n,) array of integers
    k : int
        At least 1; 1 gives `accuracy`.
    axis : int
        Axis of the classes.

    Returns
    -------
    () array
        In [0, 1], in the dtype of the logits. It has no derivative.
    """
    if k < 1:
        message = f"`k` must be at least 1, got {k}"
        raise ValueError(message)
    xp, z, axis = _checked(logits, labels, axis)
    hit = hits(xp, labels, logits.shape[axis], axis)
    own = xp.sum(xp.where(hit, z, 0.0), axis=axis, keepdims=True)
    # of those that are as large, the ones before the label
    before = xp.cumulative_sum(xp.astype(hit, xp.int32), axis=axis) == 0
    above = xp.logical_or(z > own, xp.logical_and(z == own, before))
    rank = xp.sum(xp.astype(above, xp.int32), axis=axis)
    right = xp.logical_and(xp.any(hit, axis=axis), rank < k)
    return narrow(xp, reduce(xp, xp.astype(right, z.dtype), "mean"), logits)


def _checked(logits: Array, labels: Array, axis: int) -> tuple[Any, Array, int]:
    xp = array_namespace(logits, labels)
    if has_rows(xp, labels):
        message = f"expected integer `labels`, got {labels.dtype}"
        raise TypeError(message)
    axis = check_cross_entropy(logits, labels, False, "mean", axis, 0.0)
    return xp, widen(xp, logits), axis
