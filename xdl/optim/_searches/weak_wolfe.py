"""Steps that satisfy the weak Wolfe conditions, by bisection."""

import math
from typing import Any, NamedTuple

from xdl.optim._search import LineSearch, Probe

from .conditions import End, check_wolfe, choose, descends, look, settle

__all__ = ["WeakWolfe"]


class Bracket(NamedTuple):
    """What the search remembers."""

    start: End
    best: End  # longest step that is known to be too short
    above: Any  # shortest step that is known to be too long, or infinity


class WeakWolfe(LineSearch):
    """Double the step while it is too short, then bisect; also where the function has kinks.

    The conditions are sufficient decrease, ``phi(a) <= phi(0) + decrease * a * phi'(0)``, and a slope that is less
    steep, ``phi'(a) >= curvature * phi'(0)``.

    Parameters
    ----------
    decrease, curvature : float
        Constants of the two conditions, 0 < ``decrease`` <= ``curvature`` < 1.
    longest : float
        Longest step, in units of the first one. There, sufficient decrease is enough.

    Raises
    ------
    ValueError
        If the constants are not in order.

    Notes
    -----
    Where a value equals the first one but for rounding errors, the approximate condition of Hager & Zhang, of
    slopes alone, takes the place of sufficient decrease.

    References
    ----------
    Lewis & Overton (2013), "Nonsmooth optimization via quasi-Newton methods", algorithm 2.6
    """

    decrease: float = 1e-4
    curvature: float = 0.9
    longest: float = 1e10

    def __post_init__(self) -> None:
        check_wolfe(self.decrease, self.curvature)

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        """Begin with the step that was given."""
        zero, no = xs.constant(0.0), value < value
        hopeless = xs.negate(descends(xs, value, slope))
        memory = (
            Bracket(End(zero, value, slope), End(zero, zero, slope), xs.constant(math.inf)),
            self.longest * step,
        )
        return Probe(step, no, hopeless, xs.integer(0), memory)

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Accept the step, or halve the interval."""
        step, ((start, best, above), longest) = probe.step, probe.memory
        here, finite = look(xs, start, best, step, value, slope)
        enough = here.value <= self.decrease * step * start.slope
        again = (step == best.step) & (step > 0.0)
        done = enough & ((here.slope >= self.curvature * start.slope) | (step >= longest)) | finite & again
        if xs.host and done:
            return settle(xs, probe, step, True, False, step, True, probe.memory)
        best, above = choose(xs, enough, here, best), xs.where(enough, above, step)
        bounded = xs.isfinite(above)
        middle = best.step + 0.5 * (xs.where(bounded, above, step) - best.step)
        new = xs.where(bounded, middle, xs.minimum(2.0 * step, longest))
        stuck = (new == best.step) | (new == above) | (step == 0.0) | (probe.count >= self.max_probes - 2)
        useful = best.value < 0.0
        return settle(xs, probe, new, done, stuck, best.step, useful, (Bracket(start, best, above), longest))
