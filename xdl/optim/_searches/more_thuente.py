"""Steps that satisfy the strong Wolfe conditions, by cubic and quadratic interpolation in an interval."""

from typing import Any, NamedTuple

from xdl.optim._search import LineSearch, Probe

from .conditions import End, check_wolfe, choose, descends, look, settle

__all__ = ["MoreThuente"]


class Interval(NamedTuple):
    """What the search remembers; the minimum lies between the ends once ``bracketed``."""

    start: End
    best: End  # of the smallest value so far, of the auxiliary function in the first stage
    other: End
    low: Any  # bounds of the next step
    high: Any
    longest: Any
    width: Any
    before: Any  # width before that
    bracketed: Any
    second: Any  # whether the stage of the auxiliary function is over


class MoreThuente(LineSearch):
    """Search for a step that satisfies the strong Wolfe conditions.

    They are sufficient decrease, ``phi(a) <= phi(0) + decrease * a * phi'(0)``, and a flatter slope,
    ``|phi'(a)| <= curvature * |phi'(0)|``.

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
    slopes alone, takes the place of sufficient decrease. A value that is not finite shortens the step to a tenth, and the
    next ones stay below it. A search whose interval can shrink no further accepts the best step it has seen.

    References
    ----------
    Moré & Thuente (1994), "Line search algorithms with guaranteed sufficient decrease", ACM TOMS 20, sections
    2-4; as in MINPACK-2's ``dcsrch``, the second stage begins at a slope that is not negative
    """

    decrease: float = 1e-4
    curvature: float = 0.9
    longest: float = 1e10

    def __post_init__(self) -> None:
        check_wolfe(self.decrease, self.curvature)

    def start(self, xs: Any, value: Any, slope: Any, step: Any, longest: Any = None) -> Probe:
        """Begin with the step that was given, and an interval from zero to four times as much.

        Parameters
        ----------
        xs : OfFloats or OfArrays
        value, slope, step : number
        longest : number, optional
            Longest step, if it is not the same multiple of the first one in every search.
        """
        zero = xs.constant(0.0)
        longest = self.longest * step if longest is None else longest
        step = xs.minimum(step, longest)
        origin = End(zero, zero, slope)
        no = value < value
        memory = Interval(
            start=End(zero, value, slope),
            best=origin,
            other=origin,
            low=zero,
            high=xs.minimum(5.0 * step, longest),
            longest=longest,
            width=longest,
            before=2.0 * longest,
            bracketed=no,
            second=no,
        )
        stuck = xs.negate(descends(xs, value, slope))
        return Probe(step, no & stuck, stuck, xs.integer(0), memory)

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Accept the step, or shrink or extend the interval."""
        step = probe.step
        start, best, other, low, high, longest, width, before, bracketed, second = probe.memory
        here, finite = look(xs, start, best, step, value, slope)
        goal = self.decrease * start.slope
        enough = here.value <= step * goal
        flat = xs.abs(here.slope) <= -self.curvature * start.slope
        again = step == best.step
        done = enough & (flat | (here.slope <= goal) & (step >= longest)) | finite & again & (step > 0.0)
        if xs.host and done:
            return settle(xs, probe, step, True, False, step, True, probe.memory)
        second = second | enough & (here.slope >= 0.0)

        # While no step of sufficient decrease and rising slope is known, the function is searched less its goal.
        tilt = xs.where(xs.negate(second | enough) & (here.value <= best.value), goal, 0.0)
        tried = _tilted(here, tilt)
        a, b = _tilted(best, tilt), _tilted(other, tilt)
        higher, turned = tried.value > a.value, tried.slope * a.slope < 0.0
        new = _interpolate(xs, a, b, tried, bracketed, low, high)
        other = choose(xs, finite, choose(xs, higher, here, choose(xs, turned, best, other)), other)
        best = choose(xs, finite & xs.negate(higher), here, best)
        bracketed = bracketed | finite & (higher | turned)

        span = xs.abs(other.step - best.step)
        new = xs.where(bracketed & (span >= 0.66 * before), best.step + 0.5 * (other.step - best.step), new)
        before, width = xs.where(bracketed, width, before), xs.where(bracketed, span, width)
        past = best.step + 0.9 * (step - best.step)  # of a wall behind which values are not finite
        longest = xs.where(finite | (step < best.step), longest, past)
        new = xs.minimum(xs.where(finite, new, best.step + 0.1 * (step - best.step)), longest)
        ahead = new - best.step
        low = xs.where(bracketed, xs.minimum(best.step, other.step), new + 1.1 * ahead)
        high = xs.where(bracketed, xs.maximum(best.step, other.step), new + 4.0 * ahead)

        stuck = bracketed & ((new <= low) | (new >= high) | (high - low <= 4.0 * xs.eps * high))
        stuck = stuck | again | (probe.count >= self.max_probes - 2)
        memory = Interval(start, best, other, low, high, longest, width, before, bracketed, second)
        useful = (best.value < 0.0) & xs.negate(again)
        return settle(xs, probe, new, done, stuck, best.step, useful, memory)


def _tilted(end: End, tilt: Any) -> End:
    return End(end.step, end.value - tilt * end.step, end.slope - tilt)


def _interpolate(xs: Any, x: End, y: End, p: End, bracketed: Any, low: Any, high: Any) -> Any:
    """Step that the four cases of section 4 suggest, after a probe ``p`` of an interval from ``x`` to ``y``."""
    higher, turned = p.value > x.value, p.slope * x.slope < 0.0
    flatter = xs.abs(p.slope) < xs.abs(x.slope)
    steep = xs.negate(higher | turned | flatter)
    bound = xs.where(p.step > x.step, high, low)

    # the minimum of the cubic through a and b, as far from a as r times their distance
    a = choose(xs, higher, x, p)
    b = choose(xs, higher, p, choose(xs, steep & bracketed, y, x))
    h = b.step - a.step
    theta = xs.divide(3.0 * (a.value - b.value), h) + a.slope + b.slope
    scale = xs.maximum(xs.maximum(xs.abs(theta), xs.abs(a.slope)), xs.abs(b.slope))
    t = xs.divide(theta, scale)
    root = xs.maximum(t * t - xs.divide(a.slope, scale) * xs.divide(b.slope, scale), 0.0)
    gamma = scale * xs.sqrt(root)
    gamma = xs.where(h < 0.0, -gamma, gamma)
    r = xs.divide(gamma - a.slope + theta, gamma - a.slope + gamma + b.slope)
    cubic = a.step + r * h

    # that of the parabola through a's value and both slopes' or, where b is higher, its value
    secant = xs.divide(a.slope, a.slope - b.slope)
    drop = xs.divide(a.value - b.value, h) + a.slope
    parabola = a.step + xs.where(higher, 0.5 * xs.divide(a.slope, drop), secant) * h
    closer = xs.abs(cubic - a.step) < xs.abs(parabola - a.step)

    ascent = xs.where(closer, cubic, cubic + 0.5 * (parabola - cubic))
    descent = xs.where(xs.abs(cubic - a.step) > xs.abs(parabola - a.step), cubic, parabola)
    # a cubic that falls for ever, or whose minimum lies behind, leads to the bound
    ahead = xs.where((r < 0.0) & (gamma != 0.0), cubic, bound)
    closer = xs.abs(ahead - a.step) < xs.abs(parabola - a.step)
    inner, limit = xs.where(closer, ahead, parabola), p.step + 0.66 * (y.step - p.step)
    inner = xs.where(p.step > x.step, xs.minimum(limit, inner), xs.maximum(limit, inner))
    farther = xs.abs(ahead - a.step) > xs.abs(parabola - a.step)
    outer = xs.maximum(xs.minimum(xs.where(farther, ahead, parabola), high), low)
    flat = xs.where(bracketed, inner, outer)
    rest = xs.where(flatter, flat, xs.where(bracketed, cubic, bound))
    return xs.where(higher, ascent, xs.where(turned, descent, rest))
