"""Repeated substitution."""

from typing import Any

from xdl.core import Array, array_namespace
from xdl.optim._method import Iterate, Method
from xdl.optim._residuals import Residuals, check_residuals
from xdl.optim._status import Status

__all__ = ["Picard"]


class Picard(Method):
    """Go from ``x`` to ``g(x)``, or a part of the way: ``x + damping * (g(x) - x)``.

    Parameters
    ----------
    damping : float
        1 for ``g(x)`` itself.

    Notes
    -----
    Converges where ``g`` contracts. The norm of ``g(x) - x`` may rise on the way, and no step is refused
    unless it leads to values that are not finite; the run then ends at the last point that has some.

    References
    ----------
    Picard (1890); Kelley (1995), "Iterative methods for linear and nonlinear equations", section 4.2
    """

    damping: float = 1.0

    def measure(self, problem: Residuals, state: Iterate) -> Any:
        """Norm of the residuals."""
        return problem.measure(state.value, state.grad)

    def start(self, x: Array, r: Array) -> Any:
        """Memory before the first step; it begins with the residuals."""
        return (r,)

    def move(self, xs: Any, x: Array, memory: Any) -> tuple[Array, Any]:
        """Next point, and the memory but for its residuals."""
        return x + self.damping * memory[0], memory[1:]

    def init(self, problem: Residuals, x: Array) -> Iterate:
        """Evaluate."""
        check_residuals(self, problem)
        xs, xp = problem.xs, array_namespace(x)
        r = problem.residual(x)
        value = xs.number(problem.cost(r))
        finite = xs.isfinite(value)
        return Iterate(
            x=x,
            value=value,
            grad=xp.zeros_like(x),
            status=xs.where(finite, xs.integer(int(Status.RUNNING)), xs.integer(int(Status.NOT_FINITE))),
            iterations=xs.integer(0),
            evaluations=xs.integer(1),
            products=xs.integer(0),
            memory=self.start(x, r),
        )

    def step(self, problem: Residuals, state: Iterate) -> Iterate:
        """Substitute."""
        xs = problem.xs
        x, rest = self.move(xs, state.x, state.memory)
        r = problem.residual(x)
        value = xs.number(problem.cost(r))
        if problem.watch is not None:
            problem.watch(x, value)
        finite = xs.isfinite(value)
        state = state.replace(evaluations=state.evaluations + 1)
        moved = state.replace(x=x, value=value, iterations=state.iterations + 1, memory=(r, *rest))
        stuck = state.replace(
            status=xs.where(finite, state.status, xs.integer(int(Status.NO_PROGRESS))),
        )
        return xs.select(finite, moved, stuck)
