"""Minima of a limited-memory model in a box: along the projected gradient, then over what is free there."""

from typing import Any, NamedTuple

from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of

__all__ = ["BoxModel", "cauchy_step", "subspace_step"]


class BoxModel(NamedTuple):
    """Quadratic model ``g'z + z'Bz / 2`` with ``B = theta I - W'K^-1 W``, and the room that steps ``z`` have.

    With pairs scaled such that ``s'y = 1``, ``K = [[-I, A'], [A, P]]`` with ``A = L / theta``, the products
    ``s_i'y_j`` of steps i that came after j, and ``P = S S' / theta``, with ones on the diagonal for slots without a pair.

    References
    ----------
    Byrd, Lu, Nocedal & Zhu (1995), (3.3) and (3.4), with rows ``s`` in place of ``theta s``
    """

    g: Array  # (..., n)
    low: Array  # (..., n) bounds of the step, at most 0
    high: Array  # (..., n) at least 0
    W: Array  # (..., 2 m, n) rows y, then rows s
    A: Array  # (..., m, m)
    P: Array  # (..., m, m)
    empty: Array  # (..., m, m) the ones in P
    theta: Any  # number as a factor of vectors


def cauchy_step(model: BoxModel) -> tuple[Array, Array]:
    """First minimum of the model along the projected path of the negative gradient, and what is free there.

    All pieces of the path are looked at together: sums from both ends over the coordinates, in the order in which
    they reach their bounds, give slope and curvature where each begins.

    References
    ----------
    Byrd, Lu, Nocedal & Zhu (1995), algorithm CP
    """
    g, low, high, W, A, P, _, theta = model
    xp = array_namespace(g)
    zero, one = xp.zeros_like(g), xp.ones_like(g)
    room = xp.where(g > 0, low, high)
    moves = (g != 0) & (room != 0)
    d = xp.where(moves, -g, zero)
    never = (g == 0) | (moves & ~xp.isfinite(room))
    time = xp.where(never, xp.full_like(g, xp.inf), xp.where(moves, room, zero) / xp.where(moves, d, one))

    order = xp.argsort(time, axis=-1)
    end = xp.take_along_axis(time, order, axis=-1)
    start = xp.concat([zero[..., :1], end[..., :-1]], axis=-1)
    reached = xp.isfinite(start)
    start = xp.where(reached, start, zero)
    Wd = W * d[..., None, :]
    Wd = xp.take_along_axis(Wd, xp.broadcast_to(order[..., None, :], Wd.shape), axis=-1)
    square, rate = _rest(xp, xp.take_along_axis(d * d, order, axis=-1)), _rest(xp, Wd)
    gone = Wd * xp.where(xp.isfinite(end), end, zero)[..., None, :]
    passed = (
        xp.cumulative_sum(gone, axis=-1) - gone + rate * start[..., None, :]
    )  # W z where the piece begins
    bend = _solve(xp, None, A, P, rate)
    slope = square * (theta * start - 1.0) - xp.sum(bend * passed, axis=-2)
    curvature = square * theta - xp.sum(bend * rate, axis=-2)
    least = xp.finfo(g.dtype).eps * square * theta
    curvature = xp.where(curvature > least, curvature, least)
    ahead = xp.where(slope < 0, -slope, zero) / xp.where(curvature > 0, curvature, one)
    stops = reached & ((square == 0) | (slope >= 0) | (start + ahead < end))
    first = xp.argmax(xp.astype(stops, xp.int32), axis=-1, keepdims=True)
    time_of = xp.take_along_axis(start + xp.where(square == 0, zero, ahead), first, axis=-1)
    last = xp.max(start, axis=-1, keepdims=True)
    last = xp.maximum(last, xp.max(xp.where(xp.isfinite(time), time, zero), axis=-1, keepdims=True))
    stop = xp.where(xp.any(stops, axis=-1, keepdims=True), time_of, last)
    free = time > stop
    return xp.where(free, d * stop, xp.where(moves, room, zero)), free


def subspace_step(model: BoxModel, z: Array, free: Array) -> Array:
    """Step to the minimum of the model over the coordinates that are free at ``z``, brought back into the box.

    It is projected; where that does not descend, cut off at the first bound.

    References
    ----------
    Byrd, Lu, Nocedal & Zhu (1995), section 5.1; Morales & Nocedal (2011)
    """
    g, low, high, W, A, P, empty, theta = model
    xp, m = array_namespace(g), A.shape[-1]
    zero, one, wide = xp.zeros_like(z), xp.ones_like(z), _of_matrices(theta)
    F = xp.where(free[..., None, :], W, xp.zeros_like(W))
    fixed = W[..., m:, :] - F[..., m:, :]
    Y, S = F[..., :m, :], F[..., m:, :]
    Yt = xp.matrix_transpose(Y)
    slope = g + theta * z - _row(_solve(xp, None, A, P, _column(W, z)), W)
    r = xp.where(free, slope, zero)
    E = Y @ Yt / wide + xp.eye(m, dtype=g.dtype, device=device_of(g))
    fixed = fixed @ xp.matrix_transpose(fixed) / wide + empty
    u = _solve(xp, E, A - S @ Yt / wide, fixed, _column(F, r))
    dz = xp.where(free, -(r + _row(u, F) / theta) / theta, zero)
    projected = xp.minimum(xp.maximum(z + dz, low), high)
    moves = dz != 0
    part = xp.where(moves, (xp.where(dz < 0, low, high) - z) / xp.where(moves, dz, one), one)
    part = xp.minimum(xp.min(part, axis=-1, keepdims=True), one[..., :1])
    descends = xp.sum(projected * g, axis=-1, keepdims=True) < 0
    found = xp.where(descends, projected, z + part * dz)
    finite = xp.all(xp.isfinite(found), axis=-1, keepdims=True)
    return xp.minimum(xp.maximum(xp.where(finite, found, z), low), high)


def _rest(xp: Any, x: Array) -> Array:
    """Sums of each entry and all that follow it."""
    return xp.flip(xp.cumulative_sum(xp.flip(x, axis=-1), axis=-1), axis=-1)


def _solve(xp: Any, E: Any, Q: Array, P: Array, rhs: Array) -> Array:
    """Solution for ``[[-E, Q'], [Q, P]]`` with a positive definite ``E``, or None for the identity.

    Both matrices that are factored are positive definite, which this one is not.
    """
    m, Qt = Q.shape[-1], xp.matrix_transpose(Q)
    u, v = rhs[..., :m, :], rhs[..., m:, :]
    over = (lambda x: x) if E is None else lambda x: xp.linalg.solve(E, x)
    H = P + Q @ over(Qt)
    unit = xp.eye(m, dtype=Q.dtype, device=device_of(Q))
    q = xp.linalg.solve(H * (1.0 + xp.finfo(Q.dtype).eps * unit), v + Q @ over(u))
    return xp.concat([over(Qt @ q - u), q], axis=-2)


def _of_matrices(number: Any) -> Any:
    return number[..., None] if hasattr(number, "dtype") else number


def _column(rows: Array, x: Array) -> Array:
    return rows @ x[..., None]


def _row(column: Array, rows: Array) -> Array:
    return (array_namespace(rows).matrix_transpose(column) @ rows)[..., 0, :]
