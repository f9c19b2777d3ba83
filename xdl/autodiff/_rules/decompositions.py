"""Decompositions of matrices.

Functions that assume a Hermitian matrix are taken as functions of its Hermitian part, as in JAX.

A factor that does not determine a direction (equal eigenvalues or singular values, up to rounding) has its
derivative in that direction set to zero. First derivatives of losses that do not depend on the direction, such
as sums over eigenvalues, are then right; their second derivatives there, and those of functions of a matrix
computed from its eigenvectors, are finite but lack what the direction contributes.

References
----------
Giles (2008), Collected matrix derivative results for forward and reverse mode algorithmic differentiation
"""

from typing import Any

from xdl.autodiff._registry import composed, rule
from xdl.core import Array, NoRuleError

from .matrices import H, T, column, conj, diagonal_matrix, imaginary, is_complex, real, row


def _hermitian_part(xp: Any, x: Array) -> Array:
    return (x + H(xp, x)) / 2


def _lower_half(xp: Any, x: Array) -> Array:
    """Lower triangle, with half of the diagonal."""
    return (xp.tril(x) + xp.tril(x, k=-1)) / 2


def _reciprocal(xp: Any, x: Array, scale: Array, n: int) -> Array:
    """``1 / x``, and 0 where ``x`` is zero up to the rounding of numbers of the size ``scale``."""
    small = xp.abs(x) <= n * float(xp.finfo(scale.dtype).eps) * scale
    return xp.where(small, 0.0, 1 / xp.where(small, 1.0, x))


def _largest(xp: Any, x: Array) -> Array:
    """Largest absolute value along the last axis, for each matrix."""
    return column(xp, xp.max(xp.abs(x), axis=-1, keepdims=True))


def _gaps(xp: Any, w: Array) -> Array:
    """Matrix of ``1 / (w_j - w_i)``, 0 where they are equal."""
    return _reciprocal(xp, row(xp, w) - column(xp, w), _largest(xp, w), w.shape[-1])


# ---- Cholesky ----


def _cholesky_push(xp: Any, dx: Array, y: Array, x: Array, *, upper: bool = False) -> Array:
    L = H(xp, y) if upper else y
    half = xp.linalg.solve(L, _hermitian_part(xp, dx))
    dL = xp.matmul(L, _lower_half(xp, H(xp, xp.linalg.solve(L, H(xp, half)))))
    return H(xp, dL) if upper else dL


def _cholesky_pull(xp: Any, dy: Array, y: Array, x: Array, *, upper: bool = False) -> Array:
    L, dL = (H(xp, y), H(xp, dy)) if upper else (y, dy)
    middle = _lower_half(xp, xp.matmul(T(xp, L), dL))
    half = xp.linalg.solve(T(xp, L), middle)
    return _hermitian_part(xp, T(xp, xp.linalg.solve(H(xp, L), T(xp, half))))


rule("linalg.cholesky", pullback=(_cholesky_pull,), pushforward=(_cholesky_push,))

# ---- QR ----


def _qr_split(x: Array, mode: str) -> int:
    """Number of columns that determine Q."""
    m, n = x.shape[-2:]
    if mode == "complete" and m > n:
        message = (
            "'linalg.qr' has no derivative with mode='complete' for a matrix with more rows than columns: "
            "the last columns of Q are arbitrary; use mode='reduced'"
        )
        raise NoRuleError(message)
    return min(m, n)


def _qr_push(xp: Any, dx: Array, y: Any, x: Array, *, mode: str = "reduced") -> Any:
    k = _qr_split(x, mode)
    Q, R = y
    Z = T(xp, xp.linalg.solve(T(xp, R[..., :k]), T(xp, dx[..., :k])))
    W = xp.matmul(H(xp, Q), Z)
    half = _lower_half(xp, W)
    turn = half - H(xp, half)  # Q^H dQ, as far as it lies in the columns of Q
    dQ = xp.matmul(Q, turn - W) + Z
    dR = xp.matmul(W - turn, R[..., :k])
    if k < x.shape[-1]:
        rest = xp.matmul(H(xp, dQ), x[..., k:]) + xp.matmul(H(xp, Q), dx[..., k:])
        dR = xp.concat([dR, rest], axis=-1)
    return dQ, dR


def _qr_pull(xp: Any, dy: Any, y: Any, x: Array, *, mode: str = "reduced") -> Array:
    k = _qr_split(x, mode)
    (Q, R), (dQ, dR), wide = y, dy, k < x.shape[-1]
    if wide:  # R2 = Q^H X2
        dR2 = dR[..., k:]
        dQ = dQ + xp.matmul(conj(xp, x[..., k:]), H(xp, dR2))
        R, dR = R[..., :k], dR[..., :k]
    g = xp.matmul(T(xp, Q), dQ) - xp.matmul(dR, T(xp, R))
    dW = _lower_half(xp, g - H(xp, g)) - g
    dZ = dQ + xp.matmul(conj(xp, Q), dW)
    dx = T(xp, xp.linalg.solve(R, T(xp, dZ)))
    return xp.concat([dx, xp.matmul(conj(xp, Q), dR2)], axis=-1) if wide else dx


rule("linalg.qr", pullback=(_qr_pull,), pushforward=(_qr_push,))

# ---- eigenvalues of a Hermitian matrix ----


def _eigh_push(xp: Any, dx: Array, y: Any, x: Array) -> Any:
    w, V = y
    P = xp.matmul(xp.matmul(H(xp, V), _hermitian_part(xp, dx)), V)
    return real(xp, xp.linalg.diagonal(P)), xp.matmul(V, _gaps(xp, w) * P)


def _eigh_pull(xp: Any, dy: Any, y: Any, x: Array) -> Array:
    (w, V), (dw, dV) = y, dy
    dP = diagonal_matrix(xp, dw) + _gaps(xp, w) * xp.matmul(T(xp, V), dV)
    return _hermitian_part(xp, xp.matmul(xp.matmul(conj(xp, V), dP), T(xp, V)))


rule("linalg.eigh", pullback=(_eigh_pull,), pushforward=(_eigh_push,))
composed("linalg.eigvalsh", lambda xp, x, /: xp.linalg.eigh(x)[0])

# ---- eigenvalues ----


def _largest_components(xp: Any, V: Array) -> Array:
    """Mask of the component of each column that LAPACK makes real: the largest, the first of equals."""
    rows = xp.arange(V.shape[-2], device=xp.device_of(V))
    return xp.equal(column(xp, rows), xp.argmax(xp.abs(V), axis=-2, keepdims=True))


def _eig_push(xp: Any, dx: Array, y: Any, x: Array) -> Any:
    w, V = y
    P = xp.matmul(xp.linalg.solve(V, xp.astype(dx, V.dtype)), V)
    U = xp.matmul(V, _gaps(xp, w) * P)
    # V stays of unit length, and its largest components real
    length = xp.sum(xp.real(xp.conj(V) * U), axis=-2, keepdims=True)
    top = _largest_components(xp, V)
    pick = lambda z: xp.sum(xp.where(top, z, 0.0), axis=-2, keepdims=True)
    return xp.linalg.diagonal(P), U - V * (length + imaginary(xp, pick(U)) / xp.real(pick(V)))


def _eig_pull(xp: Any, dy: Any, y: Any, x: Array) -> Array:
    (w, V), (dw, dV) = y, dy
    g = xp.sum(dV * V, axis=-2, keepdims=True)
    top = _largest_components(xp, V)
    size = xp.sum(xp.where(top, xp.real(V), 0.0), axis=-2, keepdims=True)
    dU = dV - xp.conj(V) * xp.real(g) - xp.where(top, imaginary(xp, g) / size, 0.0)
    dP = diagonal_matrix(xp, dw) + _gaps(xp, w) * xp.matmul(T(xp, V), dU)
    return xp.linalg.solve(T(xp, V), xp.matmul(dP, T(xp, V)))


rule("linalg.eig", pullback=(_eig_pull,), pushforward=(_eig_push,))
composed("linalg.eigvals", lambda xp, x, /: xp.linalg.eig(x)[0])

# ---- singular values ----


def _svd_check(x: Array, full_matrices: bool) -> None:
    if full_matrices and x.shape[-2] != x.shape[-1]:
        message = (
            "'linalg.svd' has no derivative with full_matrices=True for a matrix that is not square: "
            "the additional columns are arbitrary; use full_matrices=False"
        )
        raise NoRuleError(message)


def _svd_gaps(xp: Any, s: Array) -> tuple[Array, Array]:
    """Matrix of ``1 / (s_j^2 - s_i^2)`` and vector of ``1 / s``, 0 where they would be infinite."""
    scale, n = _largest(xp, s), s.shape[-1]
    sums = _reciprocal(xp, row(xp, s) + column(xp, s), scale, n)
    return _gaps(xp, s) * sums, _reciprocal(xp, s, xp.squeeze(scale, axis=-1), n)


def _svd_push(xp: Any, dx: Array, y: Any, x: Array, *, full_matrices: bool = True) -> Any:
    _svd_check(x, full_matrices)
    dot, (U, s, Vh) = xp.matmul, y
    F, inverse = _svd_gaps(xp, s)
    UhdX, dXV = dot(H(xp, U), dx), dot(dx, H(xp, Vh))
    P = dot(UhdX, H(xp, Vh))
    left, right = P * row(xp, s), P * column(xp, s)
    turn = F * (left + H(xp, left))
    if is_complex(xp, x):  # the free phases are put on U
        turn = turn + diagonal_matrix(xp, imaginary(xp, xp.linalg.diagonal(P)) * inverse)
    dU = dot(U, turn)
    dVh = -dot(F * (right + H(xp, right)), Vh)
    if x.shape[-2] > x.shape[-1]:
        dU = dU + (dXV - dot(U, P)) * row(xp, inverse)
    if x.shape[-2] < x.shape[-1]:
        dVh = dVh + (UhdX - dot(P, Vh)) * column(xp, inverse)
    return dU, real(xp, xp.linalg.diagonal(P)), dVh


def _svd_pull(xp: Any, dy: Any, y: Any, x: Array, *, full_matrices: bool = True) -> Array:
    _svd_check(x, full_matrices)
    dot, (U, s, Vh), (dU, ds, dVh) = xp.matmul, y, dy
    F, inverse = _svd_gaps(xp, s)
    Uc, Vhc = conj(xp, U), conj(xp, Vh)
    turn = dot(T(xp, U), dU)
    left, right = F * turn, F * dot(dVh, T(xp, Vh))
    dP = (left + H(xp, left)) * row(xp, s) - (right + H(xp, right)) * column(xp, s)
    dP = dP + diagonal_matrix(xp, ds)
    if is_complex(xp, x):
        dP = dP + diagonal_matrix(xp, imaginary(xp, xp.linalg.diagonal(turn)) * inverse)
    dx = dot(dot(Uc, dP), Vhc)
    if x.shape[-2] > x.shape[-1]:
        g = dU * row(xp, inverse)
        dx = dx + dot(g - dot(Uc, dot(T(xp, U), g)), Vhc)
    if x.shape[-2] < x.shape[-1]:
        g = dVh * column(xp, inverse)
        dx = dx + dot(Uc, g - dot(dot(g, T(xp, Vh)), Vhc))
    return dx


rule("linalg.svd", pullback=(_svd_pull,), pushforward=(_svd_push,))
composed("linalg.svdvals", lambda xp, x, /: xp.linalg.svd(x, full_matrices=False)[1])
