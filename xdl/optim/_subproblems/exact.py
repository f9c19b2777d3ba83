"""The minimum of the model, by its eigenvalues."""

from typing import Any

from xdl.core import Array, array_namespace
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem

from .subproblem import Subproblem, Trial

__all__ = ["Exact"]

STEPS = 12  # three or four are usual


class Exact(Subproblem):
    """Minimum in the ball, by the eigendecomposition of the Hessian, whatever its curvature.

    Parameters
    ----------
    tolerance : float
        Relative difference of the length of a step to the radius.

    Notes
    -----
    Newton's method on ``1 / ‖p(shift)‖`` starts below the root, at a bound by single eigenvalues, and does
    not pass it. In the hard case, where the gradient has no part along the lowest eigenvector, the step gets
    one, so that it leaves saddle points.

    References
    ----------
    Moré & Sorensen (1983); Conn, Gould & Toint (2000), section 7.3
    """

    tolerance: float = 1e-3

    def prepare(self, problem: Problem, x: Array, grad: Array) -> Any:
        """Eigenvalues, eigenvectors, and the gradient in their coordinates."""
        xp, H = array_namespace(x), problem.hessian(x)
        # a Hessian with NaN has no eigenvalues: the library may raise, or never end
        fine = xp.all(xp.isfinite(H), axis=(-2, -1), keepdims=True)
        w, V = xp.linalg.eigh(xp.where(fine, H, xp.zeros_like(H)))
        c = xp.matmul(grad[..., None, :], V)[..., 0, :]
        return xp.where(fine[..., 0], w, xp.nan), V, c

    def cost(self, problem: Problem) -> int:
        """A product for each column."""
        return problem.flat.size if problem.given_hessian is None else 0

    def solve(self, problem: Problem, point: Iterate, model: Any, radius: Any) -> Trial:
        """Step of the least value in the ball."""
        xs, (w, V, c) = problem.xs, model
        xp = array_namespace(w)
        ball = xs.expand(radius)
        zero = xs.eps * xs.largest(w)
        # no entry of the step may be longer than the radius
        low = xs.number(xp.max(xp.abs(c) / ball - w, axis=-1))
        least = xs.number(w[..., 0])
        shift = xs.maximum(xs.maximum(low, -least), 0.0)

        def step(shift: Any) -> tuple[Array, Array]:
            d = w + xs.expand(shift)
            some = d > xs.expand(zero)
            inverse = xp.where(some, 1.0 / xp.where(some, d, 1.0), 0.0)
            return -c * inverse, inverse

        safe = least > zero  # else the model has no minimum, or many
        newton, _ = step(xs.constant(0.0))
        inside = safe & (xs.dot(newton, newton) <= radius * radius)
        for _ in range(STEPS):
            q, inverse = step(shift)
            qq = xs.dot(q, q)
            length = xs.sqrt(qq)
            more = xs.negate(inside) & (length > (1.0 + self.tolerance) * radius)
            if xs.host and not more:
                break
            slope = xs.dot(q, q * inverse)  # of -‖q‖² / 2 by the shift
            ahead = xs.divide(qq, slope) * (xs.divide(length, radius) - 1.0)
            shift = xs.where(more, shift + ahead, shift)
        q, _ = step(shift)
        qq = xs.dot(q, q)
        if not xs.host:
            q = xs.select(inside, newton, q)
        elif inside:
            q = newton
        hard = xs.negate(inside) & (qq < (1.0 - self.tolerance) ** 2 * radius * radius)
        lack = xs.sqrt(xs.maximum(radius * radius - qq, 0.0))
        along = xs.where(hard, lack, 0.0) * xs.where(xs.number(c[..., 0]) > 0, -1.0, 1.0)
        q = xp.concat([(q[..., 0] + along)[..., None], q[..., 1:]], axis=-1)
        reduction = -xs.dot(q, c + 0.5 * w * q)
        p = xp.matmul(V, q[..., None])[..., 0]
        return Trial(p, reduction, xs.sqrt(xs.dot(p, p)), xs.integer(0))
