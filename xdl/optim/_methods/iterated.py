"""Update rules as methods: one gradient, one step, no search."""

from xdl.core import Array
from xdl.optim._method import Iterate, Method
from xdl.optim._problem import Problem
from xdl.optim._rule import Rule
from xdl.optim._status import Status
from xdl.optim._update import init, update

__all__ = ["Iterated"]


class Iterated(Method):
    """Steps of an update rule with the whole gradient.

    Parameters
    ----------
    rule : Rule
        For example ``Adam(0.1)``. In a batch its steps must be elementwise.

    Notes
    -----
    The value may rise; the result is the last point, not the best. A point that is not finite ends the run at
    the one before.
    """

    rule: Rule

    def init(self, problem: Problem, x: Array) -> Iterate:
        """State of the rule."""
        if problem.flat.lead and not self.rule.elementwise:
            message = f"{self.rule!r} looks at all parameters at once, and would mix the problems of a batch"
            raise ValueError(message)
        return self.begin(problem, x, init(self.rule, x) if problem.flat.size else ())

    def step(self, problem: Problem, state: Iterate) -> Iterate:
        """Take a step and evaluate there."""
        xs = problem.xs
        x, memory = update(self.rule, state.x, state.grad, state.memory)
        value, grad = problem.value_and_gradient(x)
        finite = xs.isfinite(value) & xs.isfinite(xs.largest(grad))
        after = state.replace(x=x, value=value, grad=grad, iterations=state.iterations + 1, memory=memory)
        failed = state.replace(status=xs.integer(int(Status.NOT_FINITE)), memory=memory)
        return xs.select(finite, after, failed).replace(evaluations=state.evaluations + 1)
