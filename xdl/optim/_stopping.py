"""When to stop."""

from typing import Any

from ._method import Iterate, Method
from ._part import Part
from ._problem import Problem
from ._status import Status

__all__ = ["Stopping"]

BOTTOM = -1e30  # no value of a problem with a minimum


class Stopping(Part):
    """Conditions under which a method ends, looked at after each accepted step.

    Parameters
    ----------
    gtol : float
        Largest entry of the gradient at a solution.
    xtol : float
        A step shorter than ``xtol * (xtol + ‖x‖)`` ends; zero asks for none.
    ftol : float
        A decrease of at most ``ftol * max(|f|, |f before|, 1)`` ends; zero asks for none.
    max_iterations, max_evaluations : int
        Bounds on accepted steps and on evaluations.
    """

    gtol: float = 1e-6
    xtol: float = 0.0
    ftol: float = 0.0
    max_iterations: int = 1000
    max_evaluations: int = 100_000

    def first(self, method: Method, problem: Problem, state: Iterate) -> Iterate:
        """First iterate, with the status of one that needs no step."""
        xs = problem.xs
        running = state.status == int(Status.RUNNING)
        small = method.measure(problem, state) <= self.gtol
        done = xs.integer(int(Status.CONVERGED))
        status = xs.where(running & small, done, state.status)
        if self.max_iterations == 0:
            status = xs.where(status == int(Status.RUNNING), xs.integer(int(Status.MAX_ITERATIONS)), status)
        return state.replace(status=status)

    def judge(self, method: Method, problem: Problem, before: Iterate, after: Iterate) -> Iterate:
        """Iterate after a pass, with its status; one that the method itself has set stays."""
        xs = problem.xs
        if xs.host and after.iterations == before.iterations:
            if after.status != Status.RUNNING or after.evaluations < self.max_evaluations:
                return after
            return after.replace(status=int(Status.MAX_EVALUATIONS))
        moved = after.iterations > before.iterations
        status = after.status
        # from the least to the most important: a later line overrides an earlier one
        for condition, reason in (
            (after.evaluations >= self.max_evaluations, Status.MAX_EVALUATIONS),
            (after.iterations >= self.max_iterations, Status.MAX_ITERATIONS),
            (moved & self._small_change(xs, before, after), Status.SMALL_CHANGE),
            (moved & self._small_step(xs, before, after), Status.SMALL_STEP),
            (moved & (after.value < BOTTOM), Status.UNBOUNDED),
            (moved & (method.measure(problem, after) <= self.gtol), Status.CONVERGED),
        ):
            if xs.host and not condition:
                continue
            status = xs.where(condition, xs.integer(int(reason)), status)
        if xs.host and status == after.status:
            return after
        own = after.status != int(Status.RUNNING)
        return after.replace(status=xs.where(own, after.status, status))

    def _small_change(self, xs: Any, before: Iterate, after: Iterate) -> Any:
        if not self.ftol:
            return False
        size = xs.maximum(xs.maximum(xs.abs(before.value), xs.abs(after.value)), 1.0)
        return xs.abs(before.value - after.value) <= self.ftol * size

    def _small_step(self, xs: Any, before: Iterate, after: Iterate) -> Any:
        if not self.xtol:
            return False
        dx = after.x - before.x
        length, size = xs.sqrt(xs.dot(dx, dx)), xs.sqrt(xs.dot(after.x, after.x))
        return length <= self.xtol * (self.xtol + size)
