"""The minimum along a line, by values alone: parabolas where they can be trusted, golden sections elsewhere."""

from typing import Any

from .golden_section import Enclosure, GoldenSection, at_least

__all__ = ["Brent"]


class Brent(GoldenSection):
    """Search for a minimum: longer steps until the value rises, then Brent's method.

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
    Brent (1973), "Algorithms for minimization without derivatives", chapter 5, ``localmin``
    """

    def inside(self, xs: Any, memory: Enclosure, least: Any) -> tuple[Any, Any]:
        """Minimum of the parabola through the three best steps, if moves get shorter; else by the golden section."""
        golden, part = super().inside(xs, memory, least)
        x, w, v = memory.best, memory.second, memory.third
        r = (x.step - w.step) * (x.value - v.value)
        q = (x.step - v.step) * (x.value - w.value)
        p, q = (x.step - v.step) * q - (x.step - w.step) * r, 2.0 * (r - q)
        move = xs.divide(p, q)
        new = x.step + move
        trusted = (xs.abs(memory.before) > least) & (xs.abs(move) < 0.5 * xs.abs(memory.before))
        trusted = trusted & (new > memory.low) & (new < memory.high)
        middle = 0.5 * (memory.low + memory.high)
        near = (new - memory.low < 2.0 * least) | (memory.high - new < 2.0 * least)
        move = xs.where(near, xs.where(middle < x.step, -least, least), at_least(xs, move, least))
        return xs.where(trusted, x.step + move, golden), xs.where(trusted, memory.move, part)
