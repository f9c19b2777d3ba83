"""Gauss and Newton's method with a line search."""

from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._descent import Descent, Move
from xdl.optim._gauss import factor
from xdl.optim._method import Iterate
from xdl.optim._residuals import Residuals, check_residuals

__all__ = ["GaussNewton"]


class GaussNewton(Descent):
    """Search along the step that minimizes the linearized residuals.

    Parameters
    ----------
    search : LineSearch
        The line search.

    Notes
    -----
    The step is the shortest of those that minimize them, by the singular values of the Jacobian, if its rank is
    deficient. For as many equations as unknowns this is Newton's method, damped.

    References
    ----------
    Gauss (1809); Nocedal & Wright (2006), section 10.3
    """

    natural: ClassVar[bool] = True

    def measure(self, problem: Residuals, state: Iterate) -> Any:
        """Number that is zero at a solution."""
        return problem.measure(state.value, state.grad)

    def init(self, problem: Residuals, x: Array) -> Iterate:
        """Evaluate, and turn towards the first direction."""
        check_residuals(self, problem)
        return super().init(problem, x)

    def start(self, problem: Residuals, x: Array, grad: Array) -> Any:
        """Model at the start."""
        return problem.model(x)

    def learn(self, problem: Residuals, memory: Any, before: Iterate, after: Iterate, line: Any) -> Any:
        """Model at the new point."""
        return problem.model(after.x)

    def direction(self, problem: Residuals, point: Iterate, memory: Any) -> Move:
        """Solve the linear least-squares problem."""
        xs, xp, model = problem.xs, array_namespace(point.x), memory
        J = model.J
        if not xs.host:
            ok = xs.isfinite(xs.number(xp.sum(J * J, axis=(-2, -1))))
            J = xs.select(ok, J, xp.zeros_like(J))
        V, s, b = factor(J, model.r)
        known = s > xs.expand(xs.largest(s) * (xs.eps * max(J.shape[-2:])))
        q = xp.where(known, -b / xp.where(known, s, xp.ones_like(s)), xp.zeros_like(b))
        return Move(xp.matmul(V, q[..., None])[..., 0], memory)
