"""The BFGS method with limited memory."""

from typing import Any, ClassVar, NamedTuple

from xdl.core import Array, array_namespace
from xdl.core._backends import backend_of
from xdl.core._namespace import device_of
from xdl.optim._descent import Descent, Line, Move
from xdl.optim._history import FORGET, KEEP, put_pair
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._search import LineSearch
from xdl.optim._searches.strong_wolfe import StrongWolfe
from xdl.optim._status import Status

__all__ = ["LBFGS", "Pairs"]


class Pairs(NamedTuple):
    """The last steps ``s`` and changes ``y`` of the gradient, both divided by the root of ``s'y``.

    They are in slots that are written round and round, whose order matters to none of the products. Slots without a
    pair have zeros in ``R``.
    """

    S: Array  # (..., m, n) rows s
    Y: Array  # (..., m, n) rows y
    R: Array  # (..., m, m) transposed inverse of the upper triangle of S Y', in the order in which pairs came
    a: Array  # (..., m) products of S with the gradient
    scale: Any  # of the matrix that the pairs change
    count: Any


class LBFGS(Descent):
    """The BFGS method, with a matrix made of the last few steps.

    Parameters
    ----------
    search : LineSearch
        The line search.
    memory : int
        Number of steps, and of changes of the gradient, that are kept: 2 ``memory`` vectors.

    Raises
    ------
    ValueError
        If ``memory`` is not positive.
    TypeError
        If ``search`` is no line search.

    Notes
    -----
    A direction takes four products with (memory, n) matrices, where the two loops over pairs take 4 ``memory``
    with vectors. In a batch every problem has its own pairs.

    References
    ----------
    Nocedal (1980); Byrd, Nocedal & Schnabel (1994), theorem 2.2 and section 3.2, but with the inverse of the triangular
    matrix in place of solutions; Liu & Nocedal (1989) for the scale; Nocedal & Wright (2006), section 7.2
    """

    search: LineSearch = StrongWolfe()
    memory: int = 10

    masks_memory: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.search, LineSearch):
            message = f"`search` must be a line search, got {self.search!r}: for pairs say LBFGS(memory=20)"
            raise TypeError(message)
        if not isinstance(self.memory, int) or self.memory < 1:
            message = f"`memory` must be a positive integer, got {self.memory!r}"
            raise ValueError(message)

    def start(self, problem: Problem, x: Array, grad: Array) -> Pairs:
        """No pairs."""
        xp, xs, m, n = array_namespace(x), problem.xs, self.memory, problem.flat.size
        lead = tuple(x.shape[:-1])
        make = lambda *shape: xp.zeros((*lead, *shape), dtype=x.dtype, device=device_of(x))
        return Pairs(make(m, n), make(m, n), make(m, m), make(m), xs.constant(1.0), xs.integer(0))

    def direction(self, problem: Problem, point: Iterate, memory: Pairs) -> Move:
        """Product of the matrix with the gradient."""
        S, Y, R, a, scale, _ = memory
        scale = problem.xs.expand(scale)
        alpha = _combine(a, R)
        q = point.grad - _combine(alpha, Y)
        delta = _products(R, alpha / scale - _products(Y, q))
        return Move((q + _combine(delta, S)) * -scale, memory)

    def remember(self, problem: Problem, memory: Pairs, before: Iterate, after: Iterate, line: Line) -> Any:
        """Write the new pair over the oldest, where the curvature along the step is positive."""
        xs, (S, Y, R, a, scale, count) = problem.xs, memory
        if xs.host and not line.probe.done:
            return self.start(problem, before.x, before.grad)
        s, y = after.x - before.x, after.grad - before.grad
        sy, yy, descent = xs.dot(s, y), xs.dot(y, y), line.probe.step * line.slope
        new = (sy > -xs.eps * descent) & (yy > 0.0) & xs.isfinite(yy)
        product = _products(S, after.grad)
        if xs.host:
            if not new:
                return memory._replace(a=product)
            slot, forget = count % self.memory, False
        else:
            running = before.status == int(Status.RUNNING)
            done, forget = line.probe.done & running, line.probe.failed & running
            new = new & done
            slot = xs.where(new, count % self.memory, xs.where(forget, FORGET, KEEP))
            product = xs.select(done, product, a)
        shrink = xs.divide(1.0, xs.sqrt(xs.where(new, sy, 1.0)))
        row = _combine((a - product) * xs.expand(shrink), R)
        s, y = s * xs.expand(shrink), y * xs.expand(shrink)
        on_step = (sy + descent) * shrink
        if xs.host and backend_of(S).mutable:  # as `put_pair` does, but five microseconds earlier
            S[slot, :], Y[slot, :], product[slot] = s, y, on_step
            R[:, slot], R[slot, :], R[slot, slot] = 0.0, row, 1.0
            a = product
        else:
            S, Y, R, a = put_pair(S, Y, R, product, s, y, row, slot, on_step)
        scale = xs.where(new, xs.divide(sy, yy), xs.where(forget, 1.0, scale))
        return Pairs(S, Y, R, a, scale, xs.where(new, count + 1, xs.where(forget, 0, count)))


def _combine(c: Array, rows: Array) -> Array:
    """Linear combination of rows."""
    return c @ rows if c.ndim == 1 else (c[..., None, :] @ rows)[..., 0, :]


def _products(rows: Array, x: Array) -> Array:
    """Inner products of rows with a vector."""
    return rows @ x if x.ndim == 1 else (rows @ x[..., None])[..., 0]
