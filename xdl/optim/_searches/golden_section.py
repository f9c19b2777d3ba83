"""The minimum along a line, by values alone, in an interval that shrinks by the golden section."""

import math
from typing import Any, NamedTuple

from xdl.optim._search import LineSearch, Probe

from .conditions import End, choose, descends, look, settle

__all__ = ["Enclosure", "GoldenSection", "at_least"]

GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


class Enclosure(NamedTuple):
    """What the search remembers."""

    start: End
    best: End  # of the smallest value
    second: End  # of the next smaller ones
    third: End
    low: Any  # the minimum lies between these, once it is enclosed
    high: Any
    enclosed: Any
    move: Any  # last change of the step, and the one before
    before: Any
    unit: Any


class GoldenSection(LineSearch):
    """Search for a minimum: longer steps until the value rises, then an interval that shrinks by 0.618.

    Parameters
    ----------
    tolerance : float
        Error of the step, relative to it; no less than the square root of the precision, below which values
        cannot tell steps apart.
    longest : float
        Longest step, in units of the first one.

    Notes
    -----
    A value that is not finite is too large. Where values differ from the first one by rounding errors alone,
    slopes guide the search, and one of a tenth of the first is accepted.

    References
    ----------
    Kiefer (1953), "Sequential minimax search for a maximum"
    """

    tolerance: float = 1e-8
    longest: float = 1e10

    max_probes = 100

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        """Begin with the step that was given."""
        zero, no = xs.constant(0.0), value < value
        origin = End(zero, zero, slope)
        hopeless = xs.negate(descends(xs, value, slope))
        memory = Enclosure(
            End(zero, value, slope), origin, origin, origin, zero, self.longest * step, no, zero, zero, step
        )
        return Probe(step, no, hopeless, xs.integer(0), memory)

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Accept the step, or look farther, or divide the interval."""
        step, m = probe.step, probe.memory
        start, best, enclosed, unit = m.start, m.best, m.enclosed, m.unit
        here, finite = look(xs, start, best, step, value, slope)
        again = step == best.step
        noisy = finite & (here.value != value - start.value)
        done = noisy & (xs.abs(slope) <= -0.1 * start.slope) | finite & again & (step > 0.0)

        right = step >= best.step
        lower = here.value < best.value
        # the end on the side that is given up
        end = xs.where(lower, best.step, step)
        low = xs.where(lower == right, end, m.low)
        high = xs.where(lower == right, m.high, end)
        beside = (here.value <= m.second.value) | (m.second.step == best.step)
        third = choose(xs, lower | beside, m.second, choose(xs, here.value <= m.third.value, here, m.third))
        second = choose(xs, lower, best, choose(xs, beside, here, m.second))
        moved, best = step - best.step, choose(xs, lower, here, best)
        first = xs.negate(enclosed | lower)
        enclosed = enclosed | first
        move, before = xs.where(enclosed, moved, high - low), xs.where(first, high - low, m.before)

        least = max(self.tolerance, math.sqrt(xs.eps)) * best.step + xs.eps * unit
        memory = Enclosure(start, best, second, third, low, high, enclosed, move, before, unit)
        inner, before = self.inside(xs, memory, least)
        inner = xs.where(finite, inner, best.step + 0.1 * (step - best.step))
        outer = xs.minimum(step + moved / GOLDEN, self.longest * unit)
        new = xs.where(enclosed, inner, outer)
        far = xs.negate(enclosed) & (step >= self.longest * unit)
        middle = 0.5 * (low + high)
        close = enclosed & (xs.abs(best.step - middle) <= 2.0 * least - 0.5 * (high - low))
        stuck = close | far | again | (probe.count >= self.max_probes - 2)
        useful = (best.value < 0.0) & xs.negate(again)
        memory = memory._replace(before=before)
        return settle(xs, probe, new, done, stuck, best.step, useful, memory)

    def inside(self, xs: Any, memory: Enclosure, least: Any) -> tuple[Any, Any]:
        """Step to look at between the ends, no nearer to the best one than ``least``; and the length of the part."""
        best, low, high = memory.best.step, memory.low, memory.high
        part = xs.where(best >= 0.5 * (low + high), low - best, high - best)
        move = (1.0 - GOLDEN) * part
        return best + at_least(xs, move, least), part


def at_least(xs: Any, move: Any, least: Any) -> Any:
    """Move, no shorter than the least one."""
    return xs.where(xs.abs(move) >= least, move, xs.where(move < 0.0, -least, least))
