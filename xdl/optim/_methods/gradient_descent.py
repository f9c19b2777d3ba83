"""Steepest descent."""

from typing import Any

from xdl.optim._descent import Descent, Line, Move
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._search import LineSearch
from xdl.optim._searches.strong_wolfe import StrongWolfe

__all__ = ["GradientDescent"]


class GradientDescent(Descent):
    """Searches along the negative gradient.

    Parameters
    ----------
    search : LineSearch
        The line search; ``Fixed(0.01)`` for a learning rate, ``NewtonSearch()`` for the zig-zag of exact searches.

    References
    ----------
    Cauchy (1847); Nocedal & Wright (2006), section 2.2, and (3.60) for the first step of a search
    """

    search: LineSearch = StrongWolfe()

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Negative gradient."""
        return Move(-point.grad)

    def first_step(self, problem: Problem, before: Iterate, after: Iterate, line: Line, slope: Any) -> Any:
        """Step with the change of first order of the last one."""
        xs = problem.xs
        step = xs.divide(line.probe.step * line.slope, slope)
        return xs.where(xs.isfinite(step) & (step > 0), step, xs.constant(1.0))
