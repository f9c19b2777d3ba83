"""The minimum along a line, by Newton's method in one dimension."""

import math
from typing import Any, NamedTuple

from xdl.optim._search import LineSearch, Probe

from .conditions import End, choose, descends, look, settle

__all__ = ["NewtonSearch"]


class Interval(NamedTuple):
    """What the search remembers."""

    start: End
    best: End  # of the smallest value
    before: End  # the last step that was looked at
    low: Any  # falling, and no higher than the start
    high: Any  # rising or higher than the start, or infinite
    width: Any  # of the interval two probes ago, and one probe ago
    narrower: Any
    longest: Any


class NewtonSearch(LineSearch):
    """Search for a minimum: Newton's method for a slope of zero, kept in an interval that shrinks.

    The second derivative is the difference quotient of the slopes of the last two probes: a product with the
    Hessian would cost as much as another probe, and be worth less.

    Parameters
    ----------
    tolerance : float
        Slope of the step, relative to that at zero.
    longest : float
        Longest step, in units of the first one. There, any decrease is enough.

    Raises
    ------
    ValueError
        If the tolerance is not positive.

    Notes
    -----
    A value that is not finite, or larger than the first one, is too large. Where the second derivative is not
    positive, or the interval has not been halved by two probes, the step is doubled or the interval halved.

    References
    ----------
    Liquet, Moka & Nazarathy (2024), "Mathematical Engineering of Deep Learning", section 4.5, exact line search
    """

    tolerance: float = 1e-8
    longest: float = 1e10

    max_probes = 100

    def __post_init__(self) -> None:
        if not self.tolerance > 0.0:
            message = f"`tolerance` must be positive, got {self.tolerance}"
            raise ValueError(message)

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        """Begin with the step that was given, as nothing is known of the second derivative."""
        zero, far, no = xs.constant(0.0), xs.constant(math.inf), value < value
        origin = End(zero, zero, slope)
        hopeless = xs.negate(descends(xs, value, slope))
        memory = Interval(End(zero, value, slope), origin, origin, zero, far, far, far, self.longest * step)
        return Probe(step, no, hopeless, xs.integer(0), memory)

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Accept the step, or take one of Newton's."""
        step, (start, best, before, low, high, width, narrower, longest) = probe.step, probe.memory
        here, finite = look(xs, start, best, step, value, slope)
        no_higher = here.value <= 0.0
        again = step == best.step
        done = no_higher & (xs.abs(here.slope) <= -self.tolerance * start.slope)
        done = done | finite & again & (step > 0.0)
        done = done | (here.value < 0.0) & (here.slope < 0.0) & (step >= longest)
        if xs.host and done:
            return settle(xs, probe, step, True, False, step, True, probe.memory)

        short = no_higher & (here.slope < 0.0)
        low, high = xs.where(short, step, low), xs.where(short, high, step)
        bounded = xs.isfinite(high)
        ahead = xs.where(bounded, high, step) - low
        newton = step - xs.divide(here.slope * (step - before.step), here.slope - before.slope)
        convex = (here.slope - before.slope) * (step - before.step) > 0.0
        far = xs.where(bounded, high, xs.minimum(10.0 * step, longest))
        half = low + xs.where(finite, 0.5, 0.1) * ahead
        safe = convex & (newton > low) & (newton < high) & (xs.negate(bounded) | (ahead <= 0.5 * width))
        other = xs.where(bounded, half, xs.minimum(2.0 * step, longest))
        new = xs.where(safe, xs.minimum(newton, far), other)

        best = choose(xs, here.value < best.value, here, best)
        small = (new <= low) | (new >= high) | (ahead <= 4.0 * xs.eps * step) & bounded
        stuck = small | again | (probe.count >= self.max_probes - 2)
        useful = (best.value < 0.0) & xs.negate(again)
        width, narrower = narrower, xs.where(bounded, ahead, narrower)
        before = choose(xs, finite, here, before)
        memory = Interval(start, best, before, low, high, width, narrower, longest)
        return settle(xs, probe, new, done, stuck, best.step, useful, memory)
