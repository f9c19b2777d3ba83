"""Losses: how far predictions are from targets, as one number or one per example."""

import math
from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

from ._precision import narrow, widen

__all__ = ["mse"]


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
    d = xp.subtract(p, narrow(xp, target, p))
    return narrow(xp, reduce(xp, d * d, reduction), prediction)


def _pull_mse(
    xp: Any, dy: Array, y: Array, wanted: tuple[bool, ...], p: Array, t: Array, *, reduction: str
) -> Any:
    scale = 2 * weight(p.shape) if reduction == "mean" else 2.0
    z = widen(xp, p)
    d = xp.multiply(xp.subtract(z, narrow(xp, t, z)), widen(xp, dy) * scale)
    return d if wanted[0] else None, -d if wanted[1] else None


rule(mse, pullback=_pull_mse)


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
