"""Minimal residuals, for symmetric operators of any curvature."""

from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.core import Array, array_namespace

from ._cg import concluded, over
from ._implicit import solve_linear
from ._solution import Outcome, Solution

__all__ = ["minres"]


def minres(
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
    """Solve ``A x = b`` for a symmetric operator, which may be indefinite, by minimal residuals.

    Parameters
    ----------
    A : (..., n, n) array or callable
        Matrix, or function ``A(v, *args)`` that multiplies. It is taken to be symmetric.
    b : (..., n) array or pytree of array
        Right-hand sides along the last axis, each of which is solved for by itself; a tree is one vector.
    args : tuple
        What ``A`` depends on, if it is a function, as for `cg`.
    x0 : like ``b``, optional
        Start, zeros by default.
    rtol, atol : float
        Ends where ``‖b - A x‖ <= max(rtol ‖b‖, atol)``, in the norm of the preconditioner.
    max_iterations : int, optional
        By default ten times the length of a vector.
    preconditioner : callable, optional
        Approximates the inverse of the modulus of ``A``; symmetric and positive definite.

    Returns
    -------
    Solution
        As of `cg`. If ``A`` is singular and ``b`` in its range, the solution is the one that differs least from ``x0``.

    Raises
    ------
    TypeError, ValueError
        If arguments are not as described.

    Notes
    -----
    Derivatives are those of the solution, as for `cg`. The tests of `scipy.sparse.linalg.minres` are others: relative
    to the norm of the operator.

    References
    ----------
    Paige & Saunders (1975); Elman, Silvester & Wathen (2014), algorithm 4.1

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import linalg
    >>> linalg.minres(np.asarray([[0.0, 2.0], [2.0, 0.0]]), np.asarray([2.0, 4.0]), rtol=1e-12).x
    array([2., 1.])
    """
    return solve_linear(_iterate, A, b, x0, args, preconditioner, rtol, atol, max_iterations)


def _iterate(
    product: Any, precondition: Any, b: Array, x0: Array, rtol: float, atol: float, most: int
) -> tuple[Array, ...]:
    xp = array_namespace(b)
    root = lambda x: xp.sqrt(xp.where(x > 0, x, xp.zeros_like(x)))
    v = b - product(x0)
    z = precondition(v)
    vz, bb = xp.vecdot(v, z), xp.vecdot(b, precondition(b))
    beta = root(vz)
    target = root(bb) * rtol
    target = xp.where(target > atol, target, xp.full_like(target, atol))
    count = xp.zeros_like(beta, dtype=xp.int32)
    running = xp.full_like(count, int(Outcome.RUNNING))
    status = concluded(xp, running, (beta <= target) & (vz >= 0), vz < 0, xp.isfinite(vz), count, most)
    # even a step of length zero along what is not finite would spoil the start
    v, z = (xp.where(xp.isfinite(vz)[..., None], y, xp.zeros_like(y)) for y in (v, z))
    nothing, nought, one = xp.zeros_like(v), xp.zeros_like(beta), xp.ones_like(beta)
    eps = float(xp.finfo(b.dtype).eps)
    expand = lambda number: number[..., None]
    # the sine, the cosines and the vectors of the last two rotations, the later first
    state = (
        x0,
        (v, nothing),
        z,
        (nothing, nothing),
        beta,
        one,
        beta,
        (one, one),
        (nought, nought),
        nought,
        count,
        status,
    )

    def advance(state: Any) -> Any:
        x, (v, v0), z, (w, w0), beta, beta0, eta, (c, c0), (s, s0), size, count, status = state
        going = status == int(Outcome.RUNNING)
        unit = z * expand(over(xp, one, beta))
        Az = product(unit)
        delta = xp.vecdot(Az, unit)
        v1 = Az - expand(over(xp, delta, beta)) * v - expand(over(xp, beta, beta0)) * v0
        z1 = precondition(v1)
        vz = xp.vecdot(v1, z1)
        new = root(vz)
        # the last column of the triangle after the rotations before, and this one
        a0 = c * delta - c0 * s * beta
        a1 = xp.sqrt(a0 * a0 + new * new)
        a2 = s * delta + c0 * c * beta
        a3 = s0 * beta
        finite = xp.isfinite(a1) & xp.isfinite(vz)
        size = xp.where(finite & (xp.abs(delta) + new > size), xp.abs(delta) + new, size)
        moves = going & finite & (a1 > 10 * eps * size) & (vz >= -eps * size * size)
        cosine, sine = over(xp, a0, a1), over(xp, new, a1)
        w1 = (unit - expand(a3) * w0 - expand(a2) * w) * expand(over(xp, one, a1))
        w1 = xp.where(expand(moves), w1, xp.zeros_like(w1))
        x = x + expand(xp.where(moves, cosine * eta, nought)) * w1
        eta = xp.where(moves, -sine * eta, eta)
        keep = lambda new, old: xp.where(expand(moves), new, old)
        count = count + xp.astype(going, xp.int32)
        broken = xp.logical_not(moves)
        status = concluded(xp, status, moves & (xp.abs(eta) <= target), broken, finite, count, most)
        return (
            x, (keep(v1, v), v), keep(z1, z), (w1, w), new, beta, eta,
            (cosine, c), (sine, s), size, count, status,
        )  # fmt: skip

    state = autodiff.while_loop(lambda state: xp.any(state[-1] == int(Outcome.RUNNING)), advance, state)
    x, eta, count, status = state[0], state[6], state[-2], state[-1]
    return x + xp.zeros_like(x), xp.abs(eta), count, status
