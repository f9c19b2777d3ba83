"""The model along a path of two lines."""

from typing import Any

from xdl import linalg
from xdl.core import Array, array_namespace
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem

from .subproblem import Subproblem, Trial, to_boundary

__all__ = ["Dogleg"]


class Dogleg(Subproblem):
    """From the point to the minimum along the gradient, and from there to Newton's: the end, or where the ball ends.

    Where the Hessian is not positive definite, `xdl.linalg.modified_cholesky` makes it so.

    References
    ----------
    Powell (1970); Nocedal & Wright (2006), (4.16)
    """

    def prepare(self, problem: Problem, x: Array, grad: Array) -> Any:
        """Minimum along the gradient, Newton's step, and the slopes along both."""
        xs, xp = problem.xs, array_namespace(x)
        L = linalg.modified_cholesky(problem.hessian(x))
        newton = -linalg.cho_solve(L, grad)
        half = xp.matmul(xp.matrix_transpose(L), grad[..., None])[..., 0]
        gg = xs.dot(grad, grad)
        cauchy = -xs.expand(xs.divide(gg, xs.dot(half, half))) * grad
        return cauchy, newton, -xs.dot(grad, cauchy), -xs.dot(grad, newton)

    def cost(self, problem: Problem) -> int:
        """A product for each column."""
        return problem.flat.size if problem.given_hessian is None else 0

    def solve(self, problem: Problem, point: Iterate, model: Any, radius: Any) -> Trial:
        """Step along the path."""
        xs, (cauchy, newton, u, v) = problem.xs, model
        near, far = xs.sqrt(xs.dot(cauchy, cauchy)), xs.sqrt(xs.dot(newton, newton))
        inside, short = far <= radius, near >= radius
        beyond = newton - cauchy
        s = xs.where(inside, 1.0, to_boundary(xs, cauchy, beyond, radius))
        s = xs.where(short & xs.negate(inside), 0.0, xs.minimum(s, 1.0))
        a = xs.where(short & xs.negate(inside), xs.divide(radius, near), 1.0 - s)
        p = xs.expand(a) * cauchy + xs.expand(s) * newton
        # with the steps c and n to either end, c'Bc = c'Bn = -g'c = u and n'Bn = -g'n = v
        reduction = a * u + s * v - 0.5 * (a * a * u + 2.0 * a * s * u + s * s * v)
        return Trial(p, reduction, xs.sqrt(xs.dot(p, p)), xs.integer(0))
