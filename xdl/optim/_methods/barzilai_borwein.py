"""Gradient descent by two-point step lengths."""

import math
from typing import Any

from xdl.core import Array, static
from xdl.optim._descent import Descent, Line, Move
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._search import LineSearch
from xdl.optim._searches.backtracking import Backtracking

__all__ = ["BarzilaiBorwein"]


class BarzilaiBorwein(Descent):
    """Negative gradients, as long as the last step and the change of the gradient say about the curvature.

    Parameters
    ----------
    search : LineSearch
        What shortens steps that go above the largest of the last values; ``Fixed()`` takes all, as the original.
    length : str
        "long", s's / s'y; "short", s'y / y'y; or "alternating", which takes the fewest evaluations.
    window : int
        Number of last values whose largest a step must go below; 1 allows no increase.

    Raises
    ------
    ValueError
        If ``length`` is none of these, or ``window`` not positive.

    Notes
    -----
    Values may rise in between, so that a run cut short need not end at its best point. Where the curvature along the
    last step is not positive, the step is 1, or as long as the inverse of the gradient's norm if that is longer.

    References
    ----------
    Barzilai & Borwein (1988), (4), (5); Raydan (1997), "The Barzilai and Borwein gradient method for the large scale
    unconstrained minimization problem", algorithm GBB; Grippo, Lampariello & Lucidi (1986) for the largest of
    the last values
    """

    search: LineSearch = Backtracking()
    length: str = static(default="alternating")
    window: int = static(default=10)

    def __post_init__(self) -> None:
        if self.length not in ("long", "short", "alternating"):
            message = f"`length` must be 'long', 'short' or 'alternating', got {self.length!r}"
            raise ValueError(message)
        if self.window < 1:
            message = f"`window` must be positive, got {self.window}"
            raise ValueError(message)

    def start(self, problem: Problem, x: Array, grad: Array) -> Any:
        """No values before the current one."""
        return (problem.xs.constant(-math.inf),) * (self.window - 1)

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Negative gradient."""
        return Move(-point.grad, memory)

    def learn(self, problem: Problem, memory: Any, before: Iterate, after: Iterate, line: Line) -> Any:
        """Remember the value."""
        return (before.value, *memory)[: self.window - 1]

    def reference(self, problem: Problem, point: Iterate, memory: Any) -> Any:
        """Largest of the last values."""
        largest = point.value
        for value in memory:
            largest = problem.xs.maximum(largest, value)
        return largest

    def first_step(self, problem: Problem, before: Iterate, after: Iterate, line: Line, slope: Any) -> Any:
        """Inverse of the curvature along the last step."""
        xs, s, y = problem.xs, after.x - before.x, after.grad - before.grad
        sy = xs.dot(s, y)
        long, short = xs.divide(xs.dot(s, s), sy), xs.divide(sy, xs.dot(y, y))
        if self.length == "alternating":
            step = xs.where(after.iterations % 2 == 0, long, short)
        else:
            step = long if self.length == "long" else short
        other = xs.minimum(xs.maximum(xs.divide(1.0, xs.sqrt(-slope)), 1.0), 1e5)
        return xs.where((sy > 0.0) & xs.isfinite(step) & (step > 0.0), step, other)
