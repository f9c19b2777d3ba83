"""Steps that satisfy the Wolfe conditions or, near a minimum, their approximation by slopes; by double secants."""

from typing import Any, NamedTuple

from xdl.optim._search import LineSearch, Probe

from .conditions import NOISE, End, check_wolfe, choose, descends, look, settle

__all__ = ["HagerZhang"]

OUT, BISECT, FIRST, SECOND, MIDDLE = range(5)  # which rule has proposed the step


class Interval(NamedTuple):
    """What the search remembers."""

    start: End
    a: End  # no higher than the start, and falling
    b: End  # rising; while bisecting, higher than the start and falling
    width: Any  # at the last secant step
    rule: Any
    checks: Any  # whether the width is looked at when a bisection ends
    longest: Any


class HagerZhang(LineSearch):
    """Search for a step that satisfies the Wolfe conditions, or the approximate ones.

    The first are ``phi(a) <= phi(0) + decrease * a * phi'(0)`` and ``phi'(a) >= curvature * phi'(0)``; the second, which
    rounding errors of ``phi`` leave alone, ``(2 decrease - 1) phi'(0) >= phi'(a) >= curvature * phi'(0)`` where
    ``phi(a) <= phi(0) + error * |phi(0)|``.

    Parameters
    ----------
    decrease, curvature : float
        Constants of the conditions, 0 < ``decrease`` < 0.5 and ``decrease`` <= ``curvature`` < 1.
    error : float
        Error of values, relative to ``phi(0)``; no less than some rounding errors.
    growth : float
        Factor of the steps until the slope rises.
    shrinkage : float
        Factor by which two secant steps must shrink the interval; else it is halved.
    longest : float
        Longest step, in units of the first one. There, sufficient decrease is enough.

    Raises
    ------
    ValueError
        If the constants are not in order.

    Notes
    -----
    A value that is not finite is too large. A value may be larger than the first one by the ``error``.

    References
    ----------
    Hager & Zhang (2005), "A new conjugate gradient method with guaranteed descent and an efficient line
    search", SIAM J. Optim. 16, section 4: L0-L3, U0-U3, S1-S4; and (2006), "Algorithm 851: CG_DESCENT", B0-B3,
    where we bisect from the last step that was no higher than the start, instead of from the start
    """

    decrease: float = 0.1
    curvature: float = 0.9
    error: float = 1e-6
    growth: float = 5.0
    shrinkage: float = 0.66
    longest: float = 1e10

    def __post_init__(self) -> None:
        check_wolfe(self.decrease, self.curvature)
        if not self.decrease < 0.5:
            message = (
                f"`decrease` must be less than 0.5, which a parabola's minimum attains, got {self.decrease}"
            )
            raise ValueError(message)

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        """Begin with the step that was given."""
        zero, no = xs.constant(0.0), value < value
        origin = End(zero, zero, slope)
        hopeless = xs.negate(descends(xs, value, slope))
        first = End(zero, value, slope)
        memory = Interval(first, origin, origin, zero, xs.integer(OUT), no, self.longest * step)
        return Probe(step, no, hopeless, xs.integer(0), memory)

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Accept the step, or shrink the interval."""
        step, (start, a, b, width, rule, checks, longest) = probe.step, probe.memory
        here, finite = look(xs, start, a, step, value, slope)
        enough = here.value <= self.decrease * step * start.slope
        error = max(self.error, NOISE * xs.eps) * xs.abs(start.value)
        low = here.value <= error
        nearly = low & (here.slope <= (2.0 * self.decrease - 1.0) * start.slope)
        done = (enough | nearly) & (here.slope >= self.curvature * start.slope)
        best = choose(xs, b.value < a.value, b, a)
        again = step == best.step
        done = done | enough & (step >= longest) | finite & again & (step > 0.0)
        if xs.host and done:
            return settle(xs, probe, step, True, False, step, True, probe.memory)

        rising = here.slope >= 0.0
        falling = low & (here.slope < 0.0)
        old = choose(xs, rising, b, a)
        a, b = choose(xs, falling, here, a), choose(xs, falling, b, here)
        best = choose(xs, b.value < a.value, b, a)
        out = (rule == OUT) & falling
        bisect = xs.negate(rising | falling) | (rule == BISECT) & xs.negate(rising)
        second = _secant(xs, old, here)
        doubly = (rule == FIRST) & (second > a.step) & (second < b.step)
        checks = xs.where(rule == BISECT, checks, (rule == FIRST) | (rule == SECOND))
        span = b.step - a.step
        middle = checks & (span > self.shrinkage * width)

        half, first = a.step + 0.5 * span, _secant(xs, a, b)
        first = xs.where((first > a.step) & (first < b.step), first, half)
        new, rule = xs.where(middle, half, first), xs.where(middle, xs.integer(MIDDLE), xs.integer(FIRST))
        new, rule = xs.where(doubly, second, new), xs.where(doubly, xs.integer(SECOND), rule)
        half = xs.where(finite, half, a.step + 0.1 * span)
        new, rule = xs.where(bisect, half, new), xs.where(bisect, xs.integer(BISECT), rule)
        new = xs.where(out, xs.minimum(self.growth * step, longest), new)
        rule = xs.where(out, xs.integer(OUT), rule)
        width = xs.where((rule == FIRST) | (rule == OUT), span, width)

        small = xs.negate(out) & (xs.abs(span) <= 4.0 * xs.eps * b.step)
        stuck = small | again | (probe.count >= self.max_probes - 2)
        useful = (best.value < 0.0) & xs.negate(again)
        memory = Interval(start, a, b, width, rule, checks, longest)
        return settle(xs, probe, new, done, stuck, best.step, useful, memory)


def _secant(xs: Any, a: End, b: End) -> Any:
    """Step where the slope would vanish, were it linear."""
    return xs.divide(a.step * b.slope - b.step * a.slope, b.slope - a.slope)
