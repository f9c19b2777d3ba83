"""The model by truncated conjugate gradients."""

from typing import Any

from xdl.optim._method import Iterate
from xdl.optim._problem import Problem

from .subproblem import Subproblem, Trial
from .truncated_cg import truncated_cg

__all__ = ["Steihaug"]


class Steihaug(Subproblem):
    """Conjugate gradients until the boundary, or negative curvature, or a small residual: products alone, no matrix.

    Parameters
    ----------
    forcing : float
        The residual at the end is at most ``min(forcing, sqrt(‖g‖)) * ‖g‖``: quadratic models far from a
        solution are not worth more, and near one convergence is superlinear.

    References
    ----------
    Steihaug (1983); Nocedal & Wright (2006), algorithm 7.2
    """

    forcing: float = 0.1

    def solve(self, problem: Problem, point: Iterate, model: Any, radius: Any) -> Trial:
        """Step by conjugate gradients."""
        xs = problem.xs
        norm = xs.sqrt(xs.dot(point.grad, point.grad))
        tolerance = xs.minimum(xs.sqrt(norm), self.forcing) * norm
        limit = 2 * problem.flat.size + 8
        return truncated_cg(xs, problem.curvature(point.x), point.grad, tolerance, radius, limit)
