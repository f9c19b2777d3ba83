"""Equations with triangular matrices, which the array API standard lacks."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

__all__ = ["cho_solve", "columns_of", "solve_triangular"]


@generic
def solve_triangular(L: Array, b: Array, /, *, transpose: bool = False) -> Array:
    """Solve ``L x = b`` with a lower triangular matrix.

    Parameters
    ----------
    L : (..., n, n) array
        Matrix; what is above its diagonal is not looked at.
    b : (..., n) or (..., n, k) array
        Right-hand sides: vectors, if ``b`` has an axis less than ``L``; else columns.
    transpose : bool
        Whether to solve ``L^T x = b`` instead.

    Returns
    -------
    (..., n) or (..., n, k) array
        The solution. It is infinite or NaN, or the library raises its own error, where the diagonal has zeros.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    check_shapes(L, b)
    xp = array_namespace(L, b)
    A = xp.tril(L)
    A = xp.matrix_transpose(A) if transpose else A
    return columns_of(lambda columns: xp.linalg.solve(A, columns), L, b)


def check_shapes(L: Array, b: Array) -> None:
    """Refuse what is no square matrix, and right-hand sides of another length."""
    rows = b.shape[-1:] if b.ndim == L.ndim - 1 else b.shape[-2:-1]
    if L.ndim < 2 or L.shape[-1] != L.shape[-2] or tuple(rows) != tuple(L.shape[-1:]):
        message = (
            "expected matrices of shape (..., n, n) and right-hand sides (..., n) or (..., n, k), "
            f"got {tuple(L.shape)} and {tuple(b.shape)}"
        )
        raise ValueError(message)


def columns_of(solve: Any, L: Array, b: Array) -> Array:
    """Solution for vectors or columns alike, by a function of columns."""
    return solve(b[..., None])[..., 0] if b.ndim == L.ndim - 1 else solve(b)


def _outer(xp: Any, L: Array, x: Array, y: Array) -> Array:
    """Sum over columns of the products of their entries, a matrix like ``L``."""
    if x.ndim == L.ndim - 1:
        x, y = x[..., None], y[..., None]
    return xp.matmul(x, xp.matrix_transpose(y))


def _pull(xp: Any, dy: Array, y: Array, wanted: Any, L: Array, b: Array, *, transpose: bool = False) -> Any:
    db = solve_triangular(L, dy, transpose=not transpose)
    if not wanted[0]:
        return None, db
    return -xp.tril(_outer(xp, L, y, db) if transpose else _outer(xp, L, db, y)), db


def _push_matrix(xp: Any, dL: Array, y: Array, L: Array, b: Array, *, transpose: bool = False) -> Array:
    dA = xp.tril(dL)
    dA = xp.matrix_transpose(dA) if transpose else dA
    return -solve_triangular(L, columns_of(lambda x: xp.matmul(dA, x), L, y), transpose=transpose)


def _push_side(xp: Any, db: Array, y: Array, L: Array, b: Array, *, transpose: bool = False) -> Array:
    return solve_triangular(L, db, transpose=transpose)


rule(solve_triangular, pullback=_pull, pushforward=(_push_matrix, _push_side))


def cho_solve(L: Array, b: Array, /) -> Array:
    """Solve ``L L^T x = b``, given the factor of Cholesky.

    Parameters
    ----------
    L : (..., n, n) array
        Lower triangular factor.
    b : (..., n) or (..., n, k) array
        Right-hand sides: vectors, if ``b`` has an axis less than ``L``; else columns.

    Returns
    -------
    (..., n) or (..., n, k) array

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import linalg
    >>> A, b = np.asarray([[4.0, 2.0], [2.0, 3.0]]), np.asarray([8.0, 8.0])
    >>> linalg.cho_solve(np.linalg.cholesky(A), b)
    array([1., 2.])
    """
    return solve_triangular(L, solve_triangular(L, b), transpose=True)
