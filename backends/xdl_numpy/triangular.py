"""Triangular equations: rows of many small matrices at once, blocks of large ones."""

import math

import numpy as np

from xdl.linalg import solve_triangular
from xdl.linalg._triangular import check_shapes, columns_of

BLOCK = 48  # rows of a block, which LAPACK solves as if it were any matrix


def _plain(L, b, /, *, transpose):
    return (
        L.dtype == b.dtype and L.dtype.kind == "f" and L.ndim >= 2 and L.shape[:-2] == b.shape[: L.ndim - 2]
    )


@solve_triangular.method("numpy", when=_plain)
def _(L, b, /, *, transpose=False):
    check_shapes(L, b)
    n, many = L.shape[-1], math.prod(L.shape[:-2])
    if b.ndim == L.ndim - 1 and many > 4 * n:
        return _by_rows(L, b, transpose)
    A = np.swapaxes(L, -1, -2) if transpose else L
    if n <= BLOCK:
        mask = np.tri(n, dtype=bool)
        return columns_of(lambda x: np.linalg.solve(np.where(mask.T if transpose else mask, A, 0), x), L, b)
    return columns_of(lambda x: _by_blocks(A, x, transpose), L, b)


def _by_rows(L, b, transpose):
    """Substitution in all systems at once, along which memory may run: the modified factors have it so."""
    n = L.shape[-1]
    entries, b = np.moveaxis(L.reshape(-1, n, n), 0, -1), b.reshape(-1, n).T
    x = np.empty(b.shape, b.dtype)
    for k in range(n)[:: -1 if transpose else 1]:
        known = slice(k + 1, None) if transpose else slice(0, k)
        row = entries[known, k] if transpose else entries[k, known]
        np.divide(b[k] - np.einsum("jb,jb->b", row, x[known]), entries[k, k], out=x[k])
    return x.T.reshape(L.shape[:-1])


def _by_blocks(A, b, upper):
    n = A.shape[-1]
    x = np.empty_like(b)
    for start in range(0, n, BLOCK)[:: -1 if upper else 1]:
        stop = min(start + BLOCK, n)
        rows, known = slice(start, stop), slice(stop, None) if upper else slice(0, start)
        corner = A[..., rows, rows]
        corner = np.triu(corner) if upper else np.tril(corner)
        x[..., rows, :] = np.linalg.solve(
            corner, b[..., rows, :] - np.matmul(A[..., rows, known], x[..., known, :])
        )
    return x
