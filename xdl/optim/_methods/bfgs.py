"""Quasi-Newton methods with a full inverse Hessian, which differ by how a step changes it."""

from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of
from xdl.optim._descent import Descent, Line, Move
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._search import LineSearch
from xdl.optim._searches.strong_wolfe import StrongWolfe
from xdl.optim._status import Status

__all__ = ["BFGS", "DFP"]


class InverseHessian(Descent):
    """Base of methods with ``B + a s s' + b (s y'B + B y s') + c B y y'B`` after a step ``s`` that changed the gradient by ``y``.

    Notes
    -----
    The first step of all has length one at most. The matrix is a multiple of the identity then, which fits the curvature
    along that step. Where a step would make the matrix indefinite, or undefined, the matrix stays as it is.
    """

    search: LineSearch = StrongWolfe()

    masks_memory: ClassVar[bool] = True

    def coefficients(self, xs: Any, sy: Any, yBy: Any) -> tuple[Any, Any, Any]:
        """The numbers a, b and c."""
        raise NotImplementedError

    def fits(self, xs: Any, sy: Any, ss: Any, yy: Any, yBy: Any) -> Any:
        """Whether the matrix after the step is positive definite, where it was."""
        return sy > xs.eps * xs.sqrt(ss * yy)

    def start(self, problem: Problem, x: Array, grad: Array) -> Any:
        """Identity, and that it has no scale yet."""
        xp, xs = array_namespace(x), problem.xs
        unit = xp.eye(problem.flat.size, dtype=x.dtype, device=device_of(x))
        return unit + xp.zeros_like(x)[..., None], xs.integer(0)

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Product with the inverse Hessian."""
        return Move(-_times(memory[0], point.grad), memory)

    def remember(self, problem: Problem, memory: Any, before: Iterate, after: Iterate, line: Line) -> Any:
        """Change the matrix; where the search has failed, start again."""
        xs, (B, count), s, y = problem.xs, memory, after.x - before.x, after.grad - before.grad
        if xs.host and not line.probe.done:
            return self.start(problem, before.x, before.grad)
        xp, sy, ss, yy = array_namespace(B), xs.dot(s, y), xs.dot(s, s), xs.dot(y, y)
        scale = xs.where(count == 0, xs.divide(sy, yy), xs.constant(1.0))
        By = xs.expand(scale) * _times(B, y)
        yBy = xs.dot(y, By)
        new = self.fits(xs, sy, ss, yy, yBy) & xs.isfinite(yBy) & (scale > 0.0)
        if xs.host:
            if not new:
                return memory
        else:
            running = before.status == int(Status.RUNNING)
            new, forget = new & line.probe.done & running, line.probe.failed & running
            s, By = xs.select(new, (s, By), (xp.zeros_like(s), xp.zeros_like(s)))
            sy, yBy, scale = (xs.where(new, number, 1.0) for number in (sy, yBy, scale))
        a, b, c = self.coefficients(xs, sy, yBy)
        change = (xs.expand(0.5 * a) * s + xs.expand(b) * By)[..., :, None] * s[..., None, :]
        if c is not None:
            change = change + (xs.expand(0.5 * c) * By)[..., :, None] * By[..., None, :]
        if xs.host:
            return (B if scale == 1.0 else scale * B) + (change + xp.matrix_transpose(change)), count + 1
        B = scale[..., None, None] * B + (change + xp.matrix_transpose(change))
        first = self.start(problem, before.x, before.grad)
        return xs.select(forget, first, (B, xs.where(new, count + 1, count)))


class BFGS(InverseHessian):
    """Broyden, Fletcher, Goldfarb and Shanno's method, on the inverse of the Hessian.

    Parameters
    ----------
    search : LineSearch
        The line search.

    References
    ----------
    Nocedal & Wright (2006), algorithm 6.1, (6.17); (6.20) for the scale of the first matrix
    """

    def coefficients(self, xs: Any, sy: Any, yBy: Any) -> tuple[Any, Any, Any]:
        """``(I - s y' / s'y) B (I - y s' / s'y) + s s' / s'y``, multiplied out."""
        rho = 1.0 / sy
        return rho * (1.0 + rho * yBy), -rho, None


class DFP(InverseHessian):
    """Davidon, Fletcher and Powell's method, the first of its kind.

    Parameters
    ----------
    search : LineSearch
        The line search, which should be more exact than that of BFGS: a wrong matrix is slow to recover.

    References
    ----------
    Fletcher & Powell (1963); Nocedal & Wright (2006), (6.15)
    """

    search: LineSearch = StrongWolfe(curvature=0.1)

    def coefficients(self, xs: Any, sy: Any, yBy: Any) -> tuple[Any, Any, Any]:
        """``B + s s' / s'y - B y y'B / y'By``."""
        return 1.0 / sy, 0.0 * sy, -1.0 / yBy

    def fits(self, xs: Any, sy: Any, ss: Any, yy: Any, yBy: Any) -> Any:
        """Whether both denominators are positive."""
        return super().fits(xs, sy, ss, yy, yBy) & (yBy > 0.0)


def _times(B: Array, x: Array) -> Array:
    return B @ x if x.ndim == 1 else (B @ x[..., None])[..., 0]
