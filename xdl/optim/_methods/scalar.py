"""Methods for functions of one variable."""

import math
from typing import Any

from xdl.core import Array, Module
from xdl.optim._enclosure import Line, look, outside, within
from xdl.optim._method import Iterate, Method
from xdl.optim._problem import Problem
from xdl.optim._searches.golden_section import GoldenSection
from xdl.optim._status import Status

from .direct_search import DirectSearch, or_infinite

__all__ = ["Enclosed", "ScalarNewton", "ScalarSecant"]


class Divided(Module):
    """Stage of the division, and how far its interval is from the tolerance."""

    line: Line
    excess: Any


class Enclosed(DirectSearch):
    """Enclose the minimum and divide the interval.

    The problem has ``ends``: of the interval, or None, and the second point to look at, or None.

    Parameters
    ----------
    search : GoldenSection
        How to divide.
    tolerance, absolute : float
        Error of the minimum, relative and absolute.
    """

    search: GoldenSection
    tolerance: float
    absolute: float

    def start(self, problem: Any, state: Iterate) -> Divided:
        """From the start on."""
        xs, x = problem.xs, problem.xs.number(state.x[..., 0])
        low, high, second = problem.ends
        if low is None:
            line = outside(xs, x, state.value, xs.number(second))
        else:
            low, high = xs.number(low), xs.number(high)
            least = max(self.tolerance, math.sqrt(xs.eps)) * xs.abs(x) + self.absolute
            line = within(xs, x, state.value, low, high, self.search, least)
        return Divided(line=line, excess=xs.constant(math.inf))

    def advance(self, problem: Problem, state: Iterate) -> Iterate:
        """Look at one point."""
        xs, line = problem.xs, state.memory.line
        x = state.x * 0.0 + xs.expand(line.step)
        value = or_infinite(xs, problem.value(x))
        line, excess = look(xs, line, value, self.search, (self.tolerance, self.absolute))
        lower = value < state.value
        # A function that falls for ever is followed to the ends of the numbers.
        far = xs.negate(xs.isfinite(line.step))
        status = xs.where(far, xs.integer(int(Status.UNBOUNDED)), state.status)
        return state.replace(
            x=xs.select(lower, x, state.x),
            value=xs.where(lower, value, state.value),
            status=xs.where(excess <= 1.0, xs.integer(int(Status.CONVERGED)), status),
            iterations=state.iterations + 1,
            evaluations=state.evaluations + 1,
            memory=Divided(line=line, excess=excess),
        )


class Tangent(Module):
    """Step that is looked at next, and the derivatives that a second one is made of."""

    step: Any
    curvature: Any


class ScalarNewton(Method):
    """Newton's method for a derivative of zero, downhill.

    The step is ``-f'(x) / |f''(x)|``, halved while the value does not fall: where the function is concave, Newton's
    own step would lead to a maximum. Without the safeguard the step is Newton's, wherever it leads.
    """

    safeguard: bool = True

    def curvature(self, problem: Problem, state: Iterate, before: Iterate | None) -> Any:
        """Second derivative."""
        return problem.xs.number(problem.hessian(state.x)[..., 0, 0])

    products = 1

    def init(self, problem: Problem, x: Array) -> Iterate:
        """Derivatives at the start, and the first step."""
        state = self.begin(problem, x)
        curvature = self.curvature(problem, state, None)
        memory = Tangent(step=self._step(problem, state, curvature), curvature=curvature)
        return state.replace(memory=memory, products=state.products + self.products)

    def _step(self, problem: Problem, state: Iterate, curvature: Any) -> Any:
        xs, slope = problem.xs, problem.xs.number(state.grad[..., 0])
        x = xs.number(state.x[..., 0])
        step = -xs.divide(slope, xs.abs(curvature) if self.safeguard else curvature)
        longest = 10.0 * (1.0 + xs.abs(x))
        far = xs.where(slope > 0.0, -longest, longest)
        return xs.where(xs.abs(step) <= longest, step, far)

    def step(self, problem: Problem, state: Iterate) -> Iterate:
        """Look at one point."""
        xs, m = problem.xs, state.memory
        x = state.x + xs.expand(m.step)
        value, grad = problem.value_and_gradient(x)
        finite = xs.isfinite(value) & xs.isfinite(xs.largest(grad))
        # Near the minimum rounding errors hide whether the value falls; the derivative shows it.
        short = xs.abs(m.step) <= 4.0 * math.sqrt(xs.eps) * (1.0 + xs.abs(xs.number(state.x[..., 0])))
        flat = short & (xs.largest(grad) < xs.largest(state.grad))
        better = finite & ((value < state.value) | flat) if self.safeguard else finite
        count = state.evaluations + 1
        after = state.replace(x=x, value=value, grad=grad, iterations=state.iterations + 1, evaluations=count)
        tiny = xs.abs(m.step) <= xs.eps * (xs.abs(xs.number(state.x[..., 0])) + xs.eps)
        status = xs.where(tiny, xs.integer(int(Status.NO_PROGRESS)), state.status)
        halved = state.replace(status=status, evaluations=count, memory=m.replace(step=0.5 * m.step))
        if xs.host and not better:
            return halved
        curvature = self.curvature(problem, after, state)
        moved = after.replace(
            products=after.products + self.products,
            memory=Tangent(step=self._step(problem, after, curvature), curvature=curvature),
        )
        return moved if xs.host else xs.select(better, moved, halved)


class ScalarSecant(ScalarNewton):
    """Newton's method with a difference quotient of the last two derivatives for the second derivative."""

    products = 0

    def curvature(self, problem: Problem, state: Iterate, before: Iterate | None) -> Any:
        """Difference quotient; before there are two points, what makes the first step short."""
        xs = problem.xs
        slope, x = xs.number(state.grad[..., 0]), xs.number(state.x[..., 0])
        if before is None:
            return xs.divide(slope, 1e-2 * (1.0 + xs.abs(x)))
        return xs.divide(slope - xs.number(before.grad[..., 0]), x - xs.number(before.x[..., 0]))
