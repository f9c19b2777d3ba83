"""Broyden's method for equations."""

from typing import Any

from xdl import autodiff
from xdl.core import Array, Module, array_namespace
from xdl.optim._gauss import solve_square
from xdl.optim._method import Iterate, Method
from xdl.optim._residuals import Residuals, check_residuals, matrix_of
from xdl.optim._status import Status

__all__ = ["Broyden"]


class Secants(Module):
    """Residuals at the best point, inverse of the Jacobian, length of the step, and whether the inverse is new."""

    r: Array
    B: Array
    length: Any
    fresh: Any


class Broyden(Method):
    """Newton's method with one Jacobian, to whose inverse every step adds what it has learned.

    Parameters
    ----------
    decrease : float
        A step is accepted if the norm of the residuals falls by this part of its length, or halved.
    halvings : int
        After so many halvings the Jacobian is evaluated again.

    Notes
    -----
    Broyden's "good" update. The first inverse is that of the Jacobian by automatic differentiation, and so is
    the one after a failed search; an iteration between them costs one evaluation and no equations to solve.

    References
    ----------
    Broyden (1965); Nocedal & Wright (2006), algorithm 11.3, with the inverse by Sherman & Morrison's formula;
    Kelley (1995), "Iterative methods for linear and nonlinear equations", chapter 8
    """

    decrease: float = 1e-4
    halvings: int = 4

    def measure(self, problem: Residuals, state: Iterate) -> Any:
        """Norm of the residuals."""
        return problem.measure(state.value, state.grad)

    def init(self, problem: Residuals, x: Array) -> Iterate:
        """Evaluate, and invert the Jacobian."""
        check_residuals(self, problem)
        xs, xp = problem.xs, array_namespace(x)
        r = problem.residual(x)
        value = xs.number(problem.cost(r))
        finite = xs.isfinite(value)
        memory = Secants(r, xp.zeros_like(x)[..., None] * x[..., None, :], xs.constant(1.0), finite)
        if not xs.host or finite:
            memory = memory.replace(B=self._inverse(problem, x))
        return Iterate(
            x=x,
            value=value,
            grad=xp.zeros_like(x),
            status=xs.where(finite, xs.integer(int(Status.RUNNING)), xs.integer(int(Status.NOT_FINITE))),
            iterations=xs.integer(0),
            evaluations=xs.integer(1),
            products=xs.integer(problem.flat.size),
            memory=memory,
        )

    def _inverse(self, problem: Residuals, x: Array) -> Array:
        xp = array_namespace(x)
        J = problem.model(x).J
        ok = xp.all(xp.isfinite(J), axis=(-2, -1), keepdims=True)
        J = xp.where(ok, J, xp.zeros_like(J))
        return matrix_of(lambda b: solve_square(J, b), x, axis=-1)

    def step(self, problem: Residuals, state: Iterate) -> Iterate:
        """Try a step; learn from it if it is accepted."""
        xs, xp, memory = problem.xs, array_namespace(state.x), state.memory
        t = memory.length
        s = -xs.expand(t) * xp.matmul(memory.B, memory.r[..., None])[..., 0]
        x = state.x + s
        r = problem.residual(x)
        value = xs.number(problem.cost(r))
        if problem.watch is not None:
            problem.watch(x, value)
        good = xs.isfinite(value) & (xs.sqrt(value) <= (1.0 - self.decrease * t) * xs.sqrt(state.value))
        state = state.replace(evaluations=state.evaluations + 1)
        ended = t <= 0.5**self.halvings
        again = xs.negate(good) & ended
        refused = state.replace(
            memory=memory.replace(length=xs.where(ended, 1.0, 0.5 * t), fresh=memory.fresh | again),
            status=xs.where(again & memory.fresh, xs.integer(int(Status.NO_PROGRESS)), state.status),
        )
        if xs.host and not good:
            if again and refused.status == Status.RUNNING:
                return refused.replace(memory=refused.memory.replace(B=self._inverse(problem, state.x)))
            return refused
        By = xp.matmul(memory.B, (r - memory.r)[..., None])[..., 0]
        bottom = xs.dot(s, By)
        usable = xs.isfinite(bottom) & (xs.abs(bottom) > xs.eps * xs.dot(s, s))
        row = xp.matmul(s[..., None, :], memory.B)
        change = xs.expand(xs.divide(1.0, bottom)) * (s - By)
        learned = xs.select(usable, memory.B + change[..., None] * row, memory.B)
        accepted = state.replace(
            x=x,
            value=value,
            iterations=state.iterations + 1,
            memory=Secants(r, learned, xs.constant(1.0), xs.negate(good)),
        )
        if xs.host:
            return accepted
        after = xs.select(good, accepted, refused)
        # rare, and not worth the Jacobian in every pass
        B = autodiff.cond(
            xs.any(again),
            lambda B, x: xs.select(again, self._inverse(problem, x), B),
            lambda B, x: B,
            after.memory.B,
            state.x,
        )
        return after.replace(memory=after.memory.replace(B=B))
