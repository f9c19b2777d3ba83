"""The minimum of a function of one variable, by values alone: enclose it, then divide the interval.

A machine that is told a value and says where to look next, as line searches are; but no slope is known, so
the minimum may be on either side of the start.
"""

import math
from typing import Any, NamedTuple

from ._searches.conditions import End, choose
from ._searches.golden_section import GOLDEN, Enclosure, GoldenSection

__all__ = ["Line", "look", "outside", "within"]

FARTHEST = 110.0  # step of a walk in units of the one before


class Line(NamedTuple):
    """Stage of the search.

    Parameters
    ----------
    step : number
        Where to look next.
    memory : Enclosure
        The three best points so far and the interval. While the minimum is not enclosed, the best two are
        those that the search walks away from.
    known : boolean
        Whether more than the start is known.
    """

    step: Any
    memory: Enclosure
    known: Any


def outside(xs: Any, start: Any, value: Any, second: Any) -> Line:
    """Search from a point whose value is known, on to another one, and farther in the direction that falls."""
    a, no = End(start, value, xs.constant(0.0)), value != value
    zero = xs.constant(0.0)
    memory = Enclosure(a, a, a, a, start, second, no & False, zero, zero, second - start)
    return Line(second, memory, no & False)


def within(xs: Any, start: Any, value: Any, low: Any, high: Any, search: GoldenSection, least: Any) -> Line:
    """Search between two ends, from a point between them whose value is known."""
    a, yes = End(start, value, xs.constant(0.0)), low == low
    zero = xs.constant(0.0)
    memory = Enclosure(a, a, a, a, low, high, yes, zero, zero, high - low)
    step, before = search.inside(xs, memory, least)
    return Line(step, memory._replace(before=before), yes)


def look(
    xs: Any, line: Line, value: Any, search: GoldenSection, tolerances: tuple[float, Any]
) -> tuple[Line, Any]:
    """Stage after a value at ``line.step``, which is finite or infinity; and the error that is left in units of the least.

    Parameters
    ----------
    xs : OfFloats or OfArrays
    line : Line
    value : number
    search : GoldenSection
        How an interval is divided; `Brent` is one.
    tolerances : (float, number)
        The least distance of two points, relative to the best one and absolute; the latter is positive.
    """
    m, step = line.memory, line.step
    best, second, third, enclosed = m.best, m.second, m.third, m.enclosed
    here = End(step, value, xs.constant(0.0))
    lower = value < best.value

    # the side of the best point that is given up
    right = step >= best.step
    end = xs.where(lower, best.step, step)
    low = xs.where(lower == right, end, m.low)
    high = xs.where(lower == right, m.high, end)
    # the walk ends where the value no longer falls
    found = xs.negate(enclosed | lower) & line.known
    ahead = best.step > second.step
    low = xs.where(found, xs.where(ahead, second.step, step), low)
    high = xs.where(found, xs.where(ahead, step, second.step), high)

    beside = (value <= second.value) | (second.step == best.step)
    other = (value <= third.value) | (third.step == best.step) | (third.step == second.step)
    third = choose(xs, lower | beside, second, choose(xs, other, here, third))
    # Beyond the start, both neighbors of the best point are kept, whichever is lower.
    second = choose(xs, lower, best, choose(xs, beside, here, second))
    moved, best = step - best.step, choose(xs, lower, here, best)
    enclosed = enclosed | found
    move, before = xs.where(found, high - low, moved), xs.where(found, high - low, m.before)
    memory = Enclosure(m.start, best, second, third, low, high, enclosed, move, before, m.unit)

    # Values do not tell points apart that are nearer than the root of the precision.
    relative = max(tolerances[0], math.sqrt(xs.eps))
    least = relative * xs.abs(best.step) + tolerances[1]
    inner, before = search.inside(xs, memory, least)
    outer = _beyond(xs, best, second, third, least)
    error = (xs.abs(best.step - 0.5 * (low + high)) + 0.5 * (high - low)) / (2.0 * least)
    return (
        Line(xs.where(enclosed, inner, outer), memory._replace(before=before), line.known | True),
        xs.where(enclosed, error, xs.constant(math.inf)),
    )


def _beyond(xs: Any, best: End, second: End, third: End, least: Any) -> Any:
    """Next step of the walk: the minimum of a parabola that lies ahead and not too far, or a longer step."""
    last = best.step - second.step
    r = last * (best.value - third.value)
    q = (best.step - third.step) * (best.value - second.value)
    move = xs.divide((best.step - third.step) * q - last * r, 2.0 * (r - q))
    ahead = (move * xs.where(last < 0.0, -1.0, 1.0) > least) & (xs.abs(move) <= FARTHEST * xs.abs(last))
    return best.step + xs.where(ahead, move, last / GOLDEN)
