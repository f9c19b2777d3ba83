"""Lanczos's process: a symmetric operator seen from a few vectors."""

from typing import Any

from xdl import autodiff
from xdl.core import Array, Module, array_namespace
from xdl.core._namespace import device_of

from ._cg import over
from ._operator import Operator, Vectors

__all__ = ["Tridiagonal", "extreme_eigenvalues", "lanczos"]


class Tridiagonal(Module):
    """Operator on a Krylov space.

    Parameters
    ----------
    diagonal : (..., k) array
        Diagonal of the tridiagonal matrix.
    beside : (..., k - 1) array
        Entries beside it. One that is zero says that the space is invariant.
    vectors : (..., k, n) array
        Orthonormal rows that span the space; those beyond an invariant space are zero.
    """

    diagonal: Array
    beside: Array
    vectors: Array

    def matrix(self) -> Array:
        """The tridiagonal matrix, of shape (..., k, k)."""
        xp, k = array_namespace(self.diagonal), self.diagonal.shape[-1]
        eye = lambda offset: xp.eye(k, k=offset, dtype=self.diagonal.dtype, device=device_of(self.diagonal))
        T = self.diagonal[..., None] * eye(0)
        if k == 1:
            return T
        longer = xp.concat([self.beside, xp.zeros_like(self.beside[..., :1])], axis=-1)
        upper = longer[..., None] * eye(1)
        return T + upper + xp.matrix_transpose(upper)


def lanczos(A: Any, v: Array, steps: int, args: tuple[Any, ...] = ()) -> Tridiagonal:
    """Reduce a symmetric operator to a tridiagonal matrix on the space of ``v, A v, A A v, ...``.

    Parameters
    ----------
    A : (..., n, n) array or callable
        Matrix, or function ``A(v, *args)`` that multiplies. It is taken to be symmetric.
    v : (..., n) array
        First vector, of any length but zero; several along the leading axes each have their own space.
    steps : int
        Dimension of the space, at most ``n``.
    args : tuple
        What ``A`` depends on, if it is a function.

    Returns
    -------
    Tridiagonal
        With ``T`` and rows ``Q``: ``A Q^T = Q^T T`` but for what leaves the space. Once the space is invariant
        the further rows are zero.

    Raises
    ------
    ValueError
        If the number of steps is out of its range, or shapes do not fit.

    Notes
    -----
    Each new vector is made orthogonal to all before, twice, so that there are no ghosts of eigenvalues; the cost is
    that of ``2 steps`` products with a matrix of ``steps`` rows.

    References
    ----------
    Lanczos (1950); Golub & Van Loan (2013), algorithms 10.1.1 and 10.3.1
    """
    vectors = Vectors(v)
    n = v.shape[-1]
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= n:
        message = f"`steps` must be an integer in [1, {n}], got {steps!r}"
        raise ValueError(message)
    operator = Operator(A, args, vectors)
    xp = array_namespace(v, *operator.theta)  # the operator may be traced where the vector is not
    eps = float(xp.finfo(v.dtype).eps)
    rows = xp.arange(steps, dtype=xp.int32, device=device_of(v))

    def advance(state: Any, k: Array) -> Any:
        Q, q, size = state
        Q = xp.where((rows == k)[:, None], q[..., None, :], Q)
        r = operator.product(operator.theta, q)
        alpha = xp.vecdot(q, r)
        for _ in range(2):
            inside = xp.matmul(Q, r[..., None])
            r = r - xp.matmul(xp.matrix_transpose(Q), inside)[..., 0]
        norm = xp.sqrt(xp.vecdot(r, r))
        size = xp.where(xp.abs(alpha) + norm > size, xp.abs(alpha) + norm, size)
        beta = xp.where(norm > 10 * n * eps * size, norm, xp.zeros_like(norm))
        return (Q, r * over(xp, xp.ones_like(beta), beta)[..., None], size), (alpha, beta)

    length = xp.sqrt(xp.vecdot(v, v))
    q = v * over(xp, xp.ones_like(length), length)[..., None]
    Q = xp.zeros_like(rows, dtype=v.dtype)[:, None] * q[..., None, :]
    (Q, _, _), (alpha, beta) = autodiff.scan(advance, (Q, q, xp.zeros_like(length)), rows)
    alpha, beta = (xp.permute_dims(x, (*range(1, x.ndim), 0)) for x in (alpha, beta))
    return Tridiagonal(alpha, beta[..., :-1], Q)


def extreme_eigenvalues(
    A: Any, v: Array, steps: int, args: tuple[Any, ...] = ()
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Estimate the smallest and the largest eigenvalue of a symmetric operator, with their vectors.

    Parameters
    ----------
    A, v, steps, args
        As for `lanczos`. ``v`` should not be orthogonal to the vectors sought: draw it at random.

    Returns
    -------
    (smallest, vector), (largest, vector) : pairs of (...) array and (..., n) array
        Both estimates lie within the spectrum. A few dozen steps usually give many digits.

    References
    ----------
    Golub & Van Loan (2013), section 10.1.5
    """
    found = lanczos(A, v, steps, args)
    xp, T, Q = array_namespace(found.diagonal), found.matrix(), found.vectors
    dead = xp.vecdot(Q, Q) < 0.5
    # rows beyond an invariant space stand for nothing: to the other end with them
    size = 1 + 4 * xp.max(xp.abs(found.diagonal), axis=-1, keepdims=True)
    if steps > 1:
        size = size + 4 * xp.max(xp.abs(found.beside), axis=-1, keepdims=True)
    pairs = []
    for sign, place in ((1.0, 0), (-1.0, steps - 1)):
        away = xp.where(dead, sign * size, xp.zeros_like(found.diagonal))
        unit = xp.eye(steps, dtype=T.dtype, device=device_of(T))
        w, S = xp.linalg.eigh(T + away[..., None] * unit)
        vector = xp.matmul(S[..., None, :, place], Q)[..., 0, :]
        pairs.append((w[..., place], vector))
    return pairs[0], pairs[1]
