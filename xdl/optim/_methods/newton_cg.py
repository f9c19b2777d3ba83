"""Newton's method without a matrix."""

from typing import Any

from xdl.core import Array
from xdl.optim._descent import Descent, Line, Move
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._search import LineSearch
from xdl.optim._searches.more_thuente import MoreThuente
from xdl.optim._subproblems.truncated_cg import truncated_cg

__all__ = ["NewtonCG"]


class NewtonCG(Descent):
    """Newton's method whose directions are found by conjugate gradients, which ask for products with the Hessian alone.

    Parameters
    ----------
    search : LineSearch
        The line search.
    forcing : float
        Largest residual of the inner equations, relative to the gradient.

    Notes
    -----
    The inner iteration ends early at a direction of negative curvature. How far it is carried follows from how
    fast the gradient decreases.

    References
    ----------
    Dembo & Steihaug (1983); Nocedal & Wright (2006), algorithm 7.1; Eisenstat & Walker (1996), (2.6), for the
    residual that ends the inner iteration
    """

    search: LineSearch = MoreThuente()
    forcing: float = 0.5

    natural = True

    def start(self, problem: Problem, x: Array, grad: Array) -> Any:
        """Residual to begin with."""
        return problem.xs.constant(self.forcing)

    def learn(self, problem: Problem, memory: Any, before: Iterate, after: Iterate, line: Line) -> Any:
        """Residual by how much the gradient has decreased; it does not shrink faster than it should."""
        xs = problem.xs
        ratio = xs.divide(xs.dot(after.grad, after.grad), xs.dot(before.grad, before.grad))
        next_ = 0.9 * ratio
        safe = 0.9 * memory * memory
        next_ = xs.where(safe > 0.1, xs.maximum(next_, safe), next_)
        return xs.where(xs.isfinite(next_), xs.minimum(next_, self.forcing), self.forcing)

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Direction by truncated conjugate gradients."""
        xs = problem.xs
        tolerance = memory * xs.sqrt(xs.dot(point.grad, point.grad))
        limit = 2 * problem.flat.size + 8
        trial = truncated_cg(xs, problem.curvature(point.x), point.grad, tolerance, None, limit)
        return Move(trial.p, memory, trial.products)
