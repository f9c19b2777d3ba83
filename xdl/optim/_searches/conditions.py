"""What a step must do for a search to accept it."""

from typing import Any

__all__ = ["check_wolfe", "descends", "indistinct"]

NOISE = 64.0  # rounding errors of a value, in units of its last place


def check_wolfe(decrease: float, curvature: float) -> None:
    """Refuse constants of the Wolfe conditions that no step need satisfy."""
    if not 0.0 < decrease <= curvature < 1.0:
        message = f"`decrease` and `curvature` must satisfy 0 < decrease <= curvature < 1, got {decrease} and {curvature}"
        raise ValueError(message)


def descends(xs: Any, value: Any, slope: Any) -> Any:
    """Whether there is a line to search along: downwards, from a finite value."""
    return (slope < 0.0) & xs.isfinite(slope) & xs.isfinite(value)


def indistinct(xs: Any, value0: Any, slope0: Any, value: Any, slope: Any, decrease: float) -> Any:
    """Whether a step decreases enough by its slope, where its value differs from the first by rounding errors.

    There differences of values say nothing, but slopes still do: for a parabola Armijo's condition is
    ``slope <= (2 decrease - 1) slope0``, the second of the approximate Wolfe conditions.

    References
    ----------
    Hager & Zhang (2005), "A new conjugate gradient method with guaranteed descent and an efficient line
    search", (4.1)
    """
    near = xs.abs(value - value0) <= NOISE * xs.eps * xs.abs(value0)
    return near & (slope <= (2.0 * decrease - 1.0) * slope0)
