"""Cholesky's factor of the nearest matrix, or nearly so, that has one."""

import math
from typing import Any

from xdl.core import Array, array_namespace, generic

__all__ = ["bounds", "modified_cholesky"]

PANEL = 32  # columns whose updates are put off for all that follow, to be one product


@generic
def modified_cholesky(A: Array, /) -> Array:
    """Cholesky's factor of ``A + E``, where ``E`` is diagonal, and zero if ``A`` is safely positive definite.

    Parameters
    ----------
    A : (..., n, n) array
        Symmetric matrices; what is above the diagonal is not looked at.

    Returns
    -------
    (..., n, n) array
        Lower triangular ``L`` with ``L L^T = A + E`` and bounded entries. A matrix with NaN gives NaN.

    Raises
    ------
    ValueError
        If ``A`` holds no square matrices.

    Notes
    -----
    Newton's directions ``-(A + E)^{-1} g`` descend whatever the curvature. There are no exchanges of rows,
    so that a batch is one array program; the bound on the factor holds without them.

    References
    ----------
    Gill, Murray & Wright (1981), Practical Optimization, section 4.4.2.2; Nocedal & Wright (2006),
    section 3.4. The smallest pivot is relative to the size of ``A`` here, so that scaling ``A`` scales ``E``.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import linalg
    >>> L = linalg.modified_cholesky(np.asarray([[4.0, 0.0], [0.0, -9.0]]))
    >>> L @ L.T
    array([[4., 0.],
           [0., 9.]])
    """
    check_square(A)
    xp, n = array_namespace(A), A.shape[-1]
    if not n:
        return A
    least, most = bounds(A)
    columns, rest = [], A
    for start in range(0, n, PANEL):
        width = min(PANEL, n - start)
        panel = _panel(xp, rest[..., :width], least, most)
        columns += [_below(xp, column, start + k) for k, column in enumerate(panel)]
        if start + width < n:
            done = xp.stack([column[..., width - k :] for k, column in enumerate(panel)], axis=-1)
            rest = rest[..., width:, width:] - xp.matmul(done, xp.matrix_transpose(done))
    return xp.stack(columns, axis=-1)


def check_square(A: Array) -> None:
    """Refuse what holds no square matrices."""
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        message = f"expected square matrices of shape (..., n, n), got {tuple(A.shape)}"
        raise ValueError(message)


def bounds(A: Array) -> tuple[Array, Array]:
    """Smallest pivot, and largest square of an entry of the factor off its diagonal, each (..., 1)."""
    xp, n = array_namespace(A), A.shape[-1]
    eps = float(xp.finfo(A.dtype).eps)
    diagonal = xp.max(xp.abs(xp.linalg.diagonal(A)), axis=-1, keepdims=True)
    beside = xp.max(xp.max(xp.abs(xp.tril(A, k=-1)), axis=-1), axis=-1, keepdims=True)
    size = diagonal + beside
    size = xp.where(size == 0, xp.ones_like(size), size)
    most = xp.maximum(diagonal, beside / math.sqrt(max(n * n - 1, 1)))
    return eps * size, xp.where(most == 0, xp.ones_like(most), most)


def _panel(xp: Any, P: Array, least: Array, most: Array) -> list[Array]:
    """Columns of the factor, from the diagonal down, of the leading columns of a matrix."""
    found = []
    for _ in range(P.shape[-1]):
        column = P[..., 0]
        pivot, below = column[..., :1], column[..., 1:]
        d = xp.maximum(xp.abs(pivot), least)
        if below.shape[-1]:
            d = xp.maximum(d, xp.max(below * below, axis=-1, keepdims=True) / most)
        root = xp.sqrt(d)
        scaled = below / root
        found.append(xp.concat([root, scaled], axis=-1))
        beside = scaled[..., : P.shape[-1] - 1]
        P = P[..., 1:, 1:] - scaled[..., :, None] * beside[..., None, :]
    return found


def _below(xp: Any, column: Array, above: int) -> Array:
    """Column with zeros above it."""
    if not above:
        return column
    zeros = xp.broadcast_to(xp.zeros_like(column[..., :1]), (*column.shape[:-1], above))
    return xp.concat([zeros, column], axis=-1)
