"""When a search may end, and how."""

import math
from typing import Any, NamedTuple

from xdl.optim._search import Probe

__all__ = ["NOISE", "End", "check_wolfe", "choose", "descends", "look", "settle"]

NOISE = 64.0  # rounding errors of a value, in units of its last place


class End(NamedTuple):
    """A step that was looked at, such as one end of an interval; its value may be counted from the start's."""

    step: Any
    value: Any
    slope: Any


def choose(xs: Any, condition: Any, x: End, y: End) -> End:
    """One of two ends."""
    if xs.host:
        return x if condition else y
    return End(*[xs.where(condition, a, b) for a, b in zip(x, y, strict=True)])


def check_wolfe(decrease: float, curvature: float) -> None:
    """Refuse constants of the Wolfe conditions that no step need satisfy."""
    if not 0.0 < decrease <= curvature < 1.0:
        found = f"got {decrease} and {curvature}"
        message = f"`decrease` and `curvature` must satisfy 0 < decrease <= curvature < 1, {found}"
        raise ValueError(message)


def descends(xs: Any, value: Any, slope: Any) -> Any:
    """Whether there is a line to search along: downwards, from a finite value."""
    return (slope < 0.0) & xs.isfinite(slope) & xs.isfinite(value)


def look(xs: Any, start: End, near: End, step: Any, value: Any, slope: Any) -> tuple[End, Any]:
    """Change of the value since the start, and whether value and slope are finite; if not, both are NaN.

    Where values differ by rounding errors, and the slope promises no more, they say nothing. Then the change is the
    integral of the slopes from another step nearby. On a parabola, for which that is exact, Armijo's condition
    becomes ``slope <= (2 decrease - 1) slope0``, the approximate condition of Hager & Zhang.

    References
    ----------
    Hager & Zhang (2005), "A new conjugate gradient method with guaranteed descent and an efficient line
    search", (4.1)
    """
    finite = xs.isfinite(value) & xs.isfinite(slope)
    change, slope = xs.where(finite, value - start.value, math.nan), xs.where(finite, slope, math.nan)
    error = NOISE * xs.eps * xs.abs(start.value)
    noisy = (xs.abs(change) <= error) & (xs.abs(step * start.slope) <= 8.0 * error)
    integral = near.value + 0.5 * (near.slope + slope) * (step - near.step)
    return End(step, xs.where(noisy, integral, change), slope), finite


def settle(
    xs: Any, probe: Probe, step: Any, done: Any, stuck: Any, best: Any, useful: Any, memory: Any
) -> Probe:
    """Stage after a probe; where the search is stuck, it ends at the best step it has seen.

    Parameters
    ----------
    xs : OfFloats or OfArrays
    probe : Probe
        Stage before.
    step : number
        Length of the step to look at next, where the search goes on.
    done, stuck : boolean
        Whether the step that was looked at is accepted; whether there is no better one to be found.
    best : number
        Length of the best step so far, which is looked at once more, unless it was the last.
    useful : boolean
        Whether that is any better than none.
    memory : pytree
    """
    alive, stuck = xs.negate(probe.failed), stuck & xs.negate(done)
    done = (done | stuck & useful & (best == probe.step)) & alive
    failed = xs.negate(done) & stuck & xs.negate(useful & (best != probe.step)) | probe.failed
    step = xs.where(done, probe.step, xs.where(stuck, best, step))
    return Probe(step, done, failed, probe.count + 1, memory)
