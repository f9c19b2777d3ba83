"""Conjugate gradients."""

from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.core import Array, array_namespace

from ._implicit import solve_linear
from ._solution import Outcome, Solution

__all__ = ["cg", "concluded", "over"]


def cg(
    A: Any,
    b: Any,
    args: tuple[Any, ...] = (),
    *,
    x0: Any = None,
    rtol: float = 1e-5,
    atol: float = 0.0,
    max_iterations: int | None = None,
    preconditioner: Callable[[Any], Any] | None = None,
) -> Solution:
    """Solve ``A x = b`` for a symmetric positive definite operator by conjugate gradients.

    Parameters
    ----------
    A : (..., n, n) array or callable
        Matrix, or function ``A(v, *args)`` that multiplies. It is taken to be symmetric.
    b : (..., n) array or pytree of array
        Right-hand sides along the last axis, each of which is solved for by itself; a tree is one vector.
    args : tuple
        What ``A`` depends on, if it is a function: the solution has derivatives with respect to floating-point
        arrays in it, and not to what the function refers to otherwise.
    x0 : like ``b``, optional
        Start, zeros by default.
    rtol, atol : float
        Ends where ``‖b - A x‖ <= max(rtol ‖b‖, atol)``.
    max_iterations : int, optional
        By default ten times the length of a vector.
    preconditioner : callable, optional
        Approximates the inverse: `Jacobi`, `BlockJacobi`, `nystrom`, or any symmetric positive definite function of
        a vector. No derivatives are taken with respect to it.

    Returns
    -------
    Solution
        ``x``, ``residual``, ``iterations`` and ``status``. Where the iteration does not converge, the status says
        why, and nothing is raised.

    Raises
    ------
    TypeError, ValueError
        If arguments are not as described.

    Notes
    -----
    Derivatives are those of the solution, by another solution of equations with the same operator, to the same
    tolerance, on every engine, in both modes; of any order, but where PyTorch's forward mode is taken of itself, which
    does not see rules. With a matrix the cotangent is ``-u x^T``, as if its
    entries were independent. Where arrays are eager the loop runs on the host; compiled, it is a `while_loop`. As an
    eager JAX program is compiled for each function, one made anew for each call costs a compilation.

    References
    ----------
    Hestenes & Stiefel (1952); Golub & Van Loan (2013), algorithm 11.5.1. ``rtol`` and ``atol`` are those of
    `scipy.sparse.linalg.cg`.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import linalg
    >>> A, b = np.asarray([[4.0, 1.0], [1.0, 3.0]]), np.asarray([1.0, 2.0])
    >>> found = linalg.cg(A, b, rtol=1e-12)
    >>> found.x * 11, int(found.iterations)
    (array([1., 7.]), 2)
    """
    return solve_linear(_iterate, A, b, x0, args, preconditioner, rtol, atol, max_iterations)


def over(xp: Any, x: Array, y: Array) -> Array:
    """Quotient of numbers; zero where the denominator is zero or NaN."""
    fine = xp.abs(y) > 0
    return xp.where(fine, x / xp.where(fine, y, xp.ones_like(y)), xp.zeros_like(y))


def concluded(
    xp: Any, status: Array, small: Array, broken: Array, finite: Array, count: Array, most: int
) -> Array:
    """Outcome after an iteration, for those that were running; the first of the reasons that hold."""
    code = lambda outcome: xp.full_like(status, int(outcome))
    new = xp.where(count >= most, code(Outcome.MAX_ITERATIONS), code(Outcome.RUNNING))
    new = xp.where(broken, code(Outcome.BREAKDOWN), new)
    new = xp.where(finite, new, code(Outcome.NOT_FINITE))
    new = xp.where(small, code(Outcome.CONVERGED), new)
    return xp.where(status == int(Outcome.RUNNING), new, status)


def _norm(xp: Any, x: Array) -> Array:
    return xp.sqrt(xp.vecdot(x, x))


def _iterate(
    product: Any, precondition: Any, b: Array, x0: Array, rtol: float, atol: float, most: int
) -> tuple[Array, ...]:
    xp = array_namespace(b)
    r = b - product(x0)
    z = precondition(r)
    rz, norm = xp.vecdot(r, z), _norm(xp, r)
    target = _norm(xp, b) * rtol
    target = xp.where(target > atol, target, xp.full_like(target, atol))
    count = xp.zeros_like(norm, dtype=xp.int32)
    running = xp.full_like(count, int(Outcome.RUNNING))
    finite = xp.isfinite(norm) & xp.isfinite(rz)
    status = concluded(xp, running, norm <= target, rz < 0, finite, count, most)
    # even a step of length zero along what is not finite would spoil the start
    r, z = (xp.where(finite[..., None], y, xp.zeros_like(y)) for y in (r, z))

    def advance(state: Any) -> Any:
        x, r, p, rz, norm, count, status = state
        Ap = product(p)
        curvature = xp.vecdot(p, Ap)
        going = status == int(Outcome.RUNNING)
        moves = going & (curvature > 0) & xp.isfinite(curvature)
        step = xp.where(moves, over(xp, rz, curvature), xp.zeros_like(rz))[..., None]
        x = x + step * p
        # zero times a product that is not finite would reach those that have come to their end
        r = xp.where(moves[..., None], r - step * Ap, r)
        z = precondition(r)
        new = xp.vecdot(r, z)
        p = z + over(xp, new, rz)[..., None] * p
        norm = xp.where(going, _norm(xp, r), norm)
        count = count + xp.astype(going, xp.int32)
        finite = xp.isfinite(curvature) & xp.isfinite(new)
        broken = xp.logical_not(moves) | (new < 0)
        small = moves & (norm <= target)
        return x, r, p, new, norm, count, concluded(xp, status, small, broken, finite, count, most)

    state = (x0, r, z, rz, norm, count, status)
    state = autodiff.while_loop(lambda state: xp.any(state[-1] == int(Outcome.RUNNING)), advance, state)
    x, _, _, _, norm, count, status = state
    # not the start itself: engines tell arguments and results apart
    return x + xp.zeros_like(x), norm, count, status
