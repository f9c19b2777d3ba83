"""Steps that satisfy the strong Wolfe conditions: out to a bracket, then zoom into it."""

from typing import Any, NamedTuple

from xdl.optim._search import LineSearch, Probe

from .conditions import NOISE, End, check_wolfe, choose, descends, look, settle

__all__ = ["StrongWolfe"]


class Bracket(NamedTuple):
    """What the search remembers."""

    start: End
    best: End  # of the smallest value among the steps of sufficient decrease
    other: End  # there is a step that satisfies both conditions between the two, once there is another
    bracketed: Any
    longest: Any


class StrongWolfe(LineSearch):
    """Search for a step that satisfies the strong Wolfe conditions: longer steps until one is too long, then zoom.

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
    slopes alone, takes the place of sufficient decrease. A value that is not finite is too large. A search
    whose interval can shrink no further accepts the best step it has seen.

    References
    ----------
    Nocedal & Wright (2006), algorithms 3.5 and 3.6, and (3.59) for the cubic, whose step we halve towards an end
    that is higher by ten times what the slope promises
    """

    decrease: float = 1e-4
    curvature: float = 0.9
    longest: float = 1e10

    def __post_init__(self) -> None:
        check_wolfe(self.decrease, self.curvature)

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        """Begin with the step that was given."""
        zero, no = xs.constant(0.0), value < value
        origin = End(zero, zero, slope)
        memory = Bracket(End(zero, value, slope), origin, origin, no, self.longest * step)
        hopeless = xs.negate(descends(xs, value, slope))
        return Probe(step, no, hopeless, xs.integer(0), memory)

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Accept the step, or look farther, or zoom."""
        step, (start, best, other, bracketed, longest) = probe.step, probe.memory
        if xs.host and not probe.failed and self._plain(xs, start, step, value, slope):
            return Probe(step, True, False, probe.count + 1, probe.memory)
        here, finite = look(xs, start, best, step, value, slope)
        enough = here.value <= self.decrease * step * start.slope
        flat = xs.abs(here.slope) <= -self.curvature * start.slope
        again = step == best.step
        done = enough & (flat | (here.slope < 0.0) & (step >= longest))
        done = done | finite & again & (step > 0.0)
        if xs.host and done:
            return settle(xs, probe, step, True, False, step, True, probe.memory)

        lower = enough & (here.value < best.value)
        # Another end is on the side to which the slope at the best one points; without one that is ahead.
        ahead = xs.where(bracketed, other.step - best.step, 1.0)
        turned = lower & (here.slope * ahead >= 0.0)
        other = choose(xs, lower, choose(xs, turned, best, other), here)
        before, best = best, choose(xs, lower, here, best)
        bracketed = bracketed | turned | xs.negate(lower)

        a, b = best, choose(xs, bracketed, other, before)
        new, h = _cubic(xs, a, b), b.step - a.step
        # Towards an end that is very much higher, a polynomial of degree three goes too far.
        high = bracketed & (b.value - a.value > -10.0 * a.slope * h)
        inside = xs.where(xs.isfinite(new), new - a.step, xs.where(finite, 0.5, 0.1) * h)
        inside = xs.where(high, 0.5 * inside, inside)
        margin = 0.1 * xs.abs(h)
        nearer, farther = xs.minimum(a.step, b.step) + margin, xs.maximum(a.step, b.step) - margin
        zoomed = xs.minimum(xs.maximum(a.step + inside, nearer), farther)
        # farther out: by the cubic's minimum, but at least twice and at most ten times as far
        out = xs.where(inside > 0.0, inside, xs.abs(h) * 4.0)
        out = best.step + xs.maximum(xs.minimum(out, 9.0 * best.step), best.step)
        new = xs.where(bracketed, zoomed, xs.minimum(out, longest))
        small = bracketed & (xs.abs(h) <= 4.0 * xs.eps * xs.maximum(a.step, b.step))
        stuck = small | again | (probe.count >= self.max_probes - 2)
        useful = (best.value < 0.0) & xs.negate(again)
        memory = Bracket(start, best, other, bracketed, longest)
        return settle(xs, probe, new, done, stuck, best.step, useful, memory)

    def _plain(self, xs: Any, start: End, step: float, value: float, slope: float) -> bool:
        """Whether a step is to be accepted at once, as most are, by a decrease that is more than rounding errors."""
        change, goal = value - start.value, self.decrease * step * start.slope
        clear = change < -NOISE * xs.eps * abs(start.value)
        return (
            clear and xs.isfinite(change) and change <= goal and abs(slope) <= -self.curvature * start.slope
        )


def _cubic(xs: Any, a: End, b: End) -> Any:
    """Minimum of the cubic with the values and slopes of two ends; NaN if it has none."""
    h = b.step - a.step
    theta = a.slope + b.slope - 3.0 * xs.divide(b.value - a.value, h)
    scale = xs.maximum(xs.maximum(xs.abs(theta), xs.abs(a.slope)), xs.abs(b.slope))
    t = xs.divide(theta, scale)
    gamma = scale * xs.sqrt(t * t - xs.divide(a.slope, scale) * xs.divide(b.slope, scale))
    gamma = xs.where(h < 0.0, -gamma, gamma)
    return b.step - h * xs.divide(b.slope + gamma - theta, b.slope - a.slope + 2.0 * gamma)
