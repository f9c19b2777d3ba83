"""From one loss per example to one number; and what every loss checks."""

import math
from typing import Any

from xdl.core import Array, array_namespace
from xdl.nn._precision import narrow, widen

__all__ = ["check_mse", "check_reduction", "check_shapes", "reduce", "weight", "wide_pair"]


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


def wide_pair(prediction: Array, target: Array, reduction: str) -> tuple[Any, Array, Array]:
    """Check a prediction and a target; return their namespace, and both in the type to compute in."""
    check_mse(prediction, target, reduction)
    xp = array_namespace(prediction, target)
    p = widen(xp, prediction)
    return xp, p, narrow(xp, target, p)


def check_mse(prediction: Any, target: Any, reduction: str) -> None:
    """Refuse what does not fit."""
    check_reduction(reduction)
    check_shapes(prediction=prediction, target=target)


def check_shapes(**arrays: Any) -> None:
    """Refuse arrays, given by their names, that are not of one shape."""
    shapes = [tuple(x.shape) for x in arrays.values()]
    if any(shape != shapes[0] for shape in shapes):
        *names, last = (f"`{name}`" for name in arrays)
        *found, end = (str(shape) for shape in shapes)
        message = (
            f"expected {', '.join(names)} and {last} of one shape, got {', '.join(found)} and {end}; "
            "reshape one of them"
        )
        raise ValueError(message)


def check_reduction(reduction: str) -> None:
    """Refuse unknown words."""
    if reduction not in ("mean", "sum", "none"):
        message = f"`reduction` must be 'mean', 'sum' or 'none', got {reduction!r}"
        raise ValueError(message)
