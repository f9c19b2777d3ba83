"""Steps that are shortened until the value has decreased enough."""

from typing import Any

from xdl.optim._search import LineSearch, Probe

__all__ = ["Backtracking"]


class Backtracking(LineSearch):
    """Shorten the step until Armijo's condition holds: ``phi(a) <= phi(0) + decrease * a * phi'(0)``.

    Parameters
    ----------
    decrease : float
        Part of the decrease that the slope promises, in (0, 1).
    lowest, highest : float
        A step is followed by the minimum of the parabola through what is known of ``phi``, but by no less than
        ``lowest`` and no more than ``highest`` of it; equal numbers give geometric steps.

    References
    ----------
    Armijo (1966); Nocedal & Wright (2006), algorithm 3.1 and (3.57); Dennis & Schnabel (1996), algorithm A6.3.1
    """

    decrease: float = 1e-4
    lowest: float = 0.1
    highest: float = 0.5

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        """Begin with the step that was given."""
        no = value != value
        return Probe(step=step, done=no, failed=no, count=xs.integer(0), memory=(value, slope))

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Accept the step, or shorten it."""
        value0, slope0 = probe.memory
        step = probe.step
        enough = value <= value0 + self.decrease * step * slope0
        done = enough & xs.isfinite(value) & xs.isfinite(slope)
        # the minimum of the parabola with phi(0), phi'(0) and phi(step)
        shorter = xs.divide(-slope0 * step * step, 2.0 * (value - value0 - slope0 * step))
        usable = xs.isfinite(shorter)
        shorter = xs.where(usable, shorter, self.highest * step)
        shorter = xs.minimum(xs.maximum(shorter, self.lowest * step), self.highest * step)
        count = probe.count + 1
        failed = xs.negate(done) & (count >= self.max_probes)
        return Probe(xs.where(done, step, shorter), done, failed, count, probe.memory)
