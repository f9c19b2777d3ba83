"""Newton's method for equations."""

from typing import Any

from xdl.core import Array, array_namespace
from xdl.optim._descent import Move
from xdl.optim._gauss import solve_square
from xdl.optim._method import Iterate
from xdl.optim._methods.gauss_newton import GaussNewton
from xdl.optim._residuals import Residuals

__all__ = ["NewtonRaphson"]


class NewtonRaphson(GaussNewton):
    """Solve the linearized equations, and search along the step for a smaller sum of squares.

    Parameters
    ----------
    search : LineSearch
        The line search.

    Notes
    -----
    The step always goes down; where the Jacobian is singular the negative gradient of the sum of squares is
    taken. The search may end where that gradient is zero but the equations do not hold, which the result says.

    References
    ----------
    Nocedal & Wright (2006), algorithm 11.4
    """

    def direction(self, problem: Residuals, point: Iterate, memory: Any) -> Move:
        """Solve the linear equations."""
        xs, xp, model = problem.xs, array_namespace(point.x), memory
        J: Array = model.J
        if not xs.host:
            ok = xs.isfinite(xs.number(xp.sum(J * J, axis=(-2, -1))))
            J = xs.select(ok, J, xp.zeros_like(J))
        return Move(-solve_square(J, model.r), memory)
