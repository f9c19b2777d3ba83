"""Steps that are shortened until the value has decreased enough."""

from typing import Any

from xdl.optim._search import LineSearch, Probe

from .conditions import End, descends, look

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

    Raises
    ------
    ValueError
        If the numbers are not in their ranges.

    Notes
    -----
    A step whose value or slope is not finite is too long. Where a value equals the first one but for rounding
    errors, the slope decides, by the approximate conditions of Hager & Zhang.

    References
    ----------
    Armijo (1966); Nocedal & Wright (2006), algorithm 3.1 and (3.57); Dennis & Schnabel (1996), algorithm A6.3.1
    """

    decrease: float = 1e-4
    lowest: float = 0.1
    highest: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.decrease < 1.0 or not 0.0 < self.lowest <= self.highest < 1.0:
            found = f"got {self.decrease}, {self.lowest} and {self.highest}"
            message = f"`decrease` must be in (0, 1), and 0 < `lowest` <= `highest` < 1, {found}"
            raise ValueError(message)

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        """Begin with the step that was given."""
        no, hopeless = value < value, xs.negate(descends(xs, value, slope))
        memory = End(xs.constant(0.0), value, slope)
        return Probe(step, no, hopeless, xs.integer(0), memory)

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Accept the step, or shorten it."""
        step, start = probe.step, probe.memory
        here, _ = look(xs, start, start._replace(value=0.0), step, value, slope)
        done = (here.value <= self.decrease * step * start.slope) & xs.negate(probe.failed)
        if xs.host and done:
            return Probe(step, True, False, probe.count + 1, start)
        # the minimum of the parabola with phi(0), phi'(0) and phi(step)
        shorter = xs.divide(-0.5 * start.slope * step * step, here.value - start.slope * step)
        shorter = xs.where(xs.isfinite(shorter), shorter, self.highest * step)
        shorter = xs.minimum(xs.maximum(shorter, self.lowest * step), self.highest * step)
        count = probe.count + 1
        failed = probe.failed | xs.negate(done) & (count >= self.max_probes)
        return Probe(xs.where(done, step, shorter), done, failed, count, start)
