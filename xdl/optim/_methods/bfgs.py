"""Quasi-Newton methods with a full inverse Hessian."""

from typing import Any

from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of
from xdl.optim._descent import Descent, Line, Move
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem

__all__ = ["BFGS"]


class BFGS(Descent):
    """Broyden, Fletcher, Goldfarb and Shanno's method, on the inverse of the Hessian.

    Parameters
    ----------
    search : LineSearch
        The line search.

    References
    ----------
    Nocedal & Wright (2006), algorithm 6.1, (6.17); (6.20) for the scale of the first matrix
    """

    def start(self, problem: Problem, x: Array, grad: Array) -> Any:
        """Identity, and that it has no scale yet."""
        xp, xs = array_namespace(x), problem.xs
        unit = xp.eye(problem.flat.size, dtype=x.dtype, device=device_of(x))
        return unit + xp.zeros_like(x)[..., None], xs.integer(0)

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Product with the inverse Hessian."""
        xp = array_namespace(point.x)
        return Move(-xp.matmul(memory[0], point.grad[..., None])[..., 0], memory)

    def learn(self, problem: Problem, memory: Any, before: Iterate, after: Iterate, line: Line) -> Any:
        """Update, where the curvature along the step is positive."""
        xs, xp = problem.xs, array_namespace(after.x)
        (B, count), s, y = memory, after.x - before.x, after.grad - before.grad
        sy, yy = xs.dot(s, y), xs.dot(y, y)
        positive = sy > xs.eps * xs.sqrt(yy * xs.dot(s, s))
        if xs.host and not positive:
            return memory
        scale = xs.where(count == 0, xs.divide(sy, yy), xs.constant(1.0))
        B = B * _matrix(xs, scale)
        rho, By = xs.divide(1.0, sy), xp.matmul(B, y[..., None])[..., 0]
        factor = rho * (1.0 + rho * xs.dot(y, By))
        # (I - rho s y') B (I - rho y s') + rho s s', multiplied out
        u = xs.expand(0.5 * factor) * s - xs.expand(rho) * By
        product = u[..., :, None] * s[..., None, :]
        new = B + product + xp.matrix_transpose(product), count + 1
        return new if xs.host else xs.select(positive, new, memory)


def _matrix(xs: Any, number: Any) -> Any:
    return number if xs.host else number[..., None, None]
