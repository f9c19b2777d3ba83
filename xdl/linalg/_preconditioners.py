"""Approximate inverses that make iterations shorter: modules that are functions of a residual."""

from typing import Any

from xdl.core import Array, Module, array_namespace, random, tree
from xdl.core._namespace import device_of

from ._modified_cholesky import modified_cholesky
from ._operator import Operator, Vectors
from ._triangular import cho_solve

__all__ = ["BlockJacobi", "Jacobi", "Nystrom", "nystrom"]


class Jacobi(Module):
    """Division by the diagonal.

    Parameters
    ----------
    diagonal : array or pytree of array, like the right-hand side
        Diagonal of the operator, positive. Entries that are zero divide by one.
    """

    diagonal: Any

    def __call__(self, r: Any) -> Any:
        """Divide."""

        def divide(x: Array, d: Array) -> Array:
            return x / array_namespace(d).where(d == 0, array_namespace(d).ones_like(d), d)

        return tree.map(divide, r, self.diagonal)


class BlockJacobi(Module):
    """Solution with the blocks on the diagonal, by their modified factors of Cholesky.

    Parameters
    ----------
    blocks : (..., k, m, m) array
        Blocks of equal size on the diagonal of an operator on vectors of length ``k m``.
    """

    factors: Array

    def __init__(self, blocks: Array) -> None:
        self.factors = modified_cholesky(blocks)

    def __call__(self, r: Array) -> Array:
        """Solve with each block."""
        xp, (k, m) = array_namespace(r), self.factors.shape[-3:-1]
        parts = xp.reshape(r, (*r.shape[:-1], k, m))
        L = xp.broadcast_to(self.factors, (*parts.shape, m))
        return xp.reshape(cho_solve(L, parts), r.shape)


class Nystrom(Module):
    """Inverse of an approximation of low rank and a multiple of the identity; made by `nystrom`.

    Parameters
    ----------
    vectors : (n, k) array
        Orthonormal columns.
    values : (k,) array
        Approximate eigenvalues, from the largest.
    shift : () array
        Multiple of the identity that the operator has besides.
    """

    vectors: Array
    values: Array
    shift: Array

    def __call__(self, r: Array) -> Array:
        """Scale along the columns; elsewhere nothing is changed."""
        xp = array_namespace(r)
        inside = xp.matmul(r, self.vectors)
        least = self.values[-1] + self.shift
        return r + xp.matmul(
            inside * (least / (self.values + self.shift) - 1), xp.matrix_transpose(self.vectors)
        )


def nystrom(
    key: Array, A: Any, like: Array, rank: int, args: tuple[Any, ...] = (), *, shift: float = 0.0
) -> Nystrom:
    """Make a preconditioner of ``A + shift I`` from products of ``A`` with random vectors.

    Parameters
    ----------
    key : key
        Of `xdl.random`.
    A : (n, n) array or callable
        Symmetric positive semidefinite matrix, or function ``A(v, *args)`` of vectors ``(..., n)``.
    like : (..., n) array
        Array whose last axis, dtype and device the vectors have, such as the right-hand side.
    rank : int
        Number of random vectors, and of products.
    args : tuple
        What ``A`` depends on, if it is a function.
    shift : float
        Multiple of the identity that is added to ``A`` in the equations.

    Returns
    -------
    Nystrom
        For `cg` with ``A + shift I``.

    Raises
    ------
    ValueError
        If the rank is out of its range.

    References
    ----------
    Frangella, Tropp & Udell (2023), "Randomized Nyström preconditioning", SIAM J. Matrix Anal. Appl. 44,
    algorithm 2.1 and (5.3)
    """
    xp, n = array_namespace(like), like.shape[-1]
    if isinstance(rank, bool) or not isinstance(rank, int) or not 1 <= rank <= n:
        message = f"`rank` must be an integer in [1, {n}], got {rank!r}"
        raise ValueError(message)
    sample = xp.astype(random.normal(key, (n, rank)), like.dtype)
    Q, _ = xp.linalg.qr(sample)
    rows = xp.matrix_transpose(Q)
    operator = Operator(A, args, Vectors(rows))
    Y = xp.matrix_transpose(operator.product(operator.theta, rows))
    eps = float(xp.finfo(like.dtype).eps)
    # a small multiple of the identity, taken off again below, keeps the middle matrix positive definite
    small = eps**0.75 * xp.sqrt(xp.sum(Y * Y))
    Y = Y + small * Q
    middle = xp.matmul(rows, Y)
    w, S = xp.linalg.eigh((middle + xp.matrix_transpose(middle)) / 2)
    root = xp.sqrt(xp.where(w > eps * w[-1], w, xp.ones_like(w)))
    # Y M^-1/2 with the square root of the middle matrix, without the directions that are noise
    B = xp.matmul(Y, xp.where(w > eps * w[-1], S / root, xp.zeros_like(S)))
    U, s, _ = xp.linalg.svd(B, full_matrices=False)
    values = s * s - small
    values = xp.where(values > 0, values, xp.zeros_like(values))
    least = xp.where(values[-1] + shift > 0, xp.zeros_like(small), small)
    return Nystrom(U, values, xp.asarray(shift, dtype=like.dtype, device=device_of(like)) + least)
