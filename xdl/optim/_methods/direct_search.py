"""Methods that ask for values alone."""

import math
from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._method import Iterate, Method
from xdl.optim._problem import Problem
from xdl.optim._status import Status

__all__ = ["DirectSearch", "check_positive", "or_infinite"]


class DirectSearch(Method):
    """Base of methods without derivatives, which compare values.

    A value that is not finite counts as infinite, except at the start, where it ends the run. The gradient of
    the result is zero: nothing is known of it. `measure` is at most 1 at a solution, in units of what
    the method was asked for, and the method ends there itself.
    """

    derivatives: ClassVar[int] = 0

    def start(self, problem: Problem, state: Iterate) -> Any:
        """Memory after the evaluation of the start."""
        raise NotImplementedError

    def advance(self, problem: Problem, state: Iterate) -> Iterate:
        """Next iterate."""
        raise NotImplementedError

    def init(self, problem: Problem, x: Array) -> Iterate:
        """Evaluate the start; without parameters it is the solution."""
        state = self.begin(problem, x)
        return state.replace(memory=self.start(problem, state)) if problem.flat.size else state

    def step(self, problem: Problem, state: Iterate) -> Iterate:
        """Next iterate."""
        return self.advance(problem, state) if problem.flat.size else state

    def measure(self, problem: Problem, state: Iterate) -> Any:
        """What the method compares with its tolerances, divided by them; the largest of the quotients."""
        return state.memory.excess if problem.flat.size else problem.xs.constant(0.0)

    def begin(self, problem: Problem, x: Array, memory: Any = ()) -> Iterate:
        """Iterate at a point, after one evaluation of the value."""
        xs, xp = problem.xs, array_namespace(x)
        value = problem.value(x)
        fine = Status.RUNNING if problem.flat.size else Status.CONVERGED
        return Iterate(
            x=x,
            value=value,
            grad=xp.zeros_like(x),
            status=xs.where(xs.isfinite(value), xs.integer(int(fine)), xs.integer(int(Status.NOT_FINITE))),
            iterations=xs.integer(0),
            evaluations=xs.integer(1),
            products=xs.integer(0),
            memory=memory,
        )


def or_infinite(xs: Any, value: Any) -> Any:
    """Value, or infinity for one that is not finite."""
    finite = xs.isfinite(value)
    return value if xs.host and finite else xs.where(finite, value, xs.constant(math.inf))


def check_positive(method: Method, *names: str) -> None:
    """Refuse fields that are no positive finite numbers."""
    for name in names:
        value = getattr(method, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            message = f"`{name}` must be a number, got {value!r}"
            raise TypeError(message)
        if not 0 < value < math.inf:
            message = f"`{name}` must be positive and finite, got {value!r}"
            raise ValueError(message)
