"""Equations with square matrices, for a vector each."""

from xdl.core import Array, array_namespace, generic

__all__ = ["solve"]


@generic
def solve(A: Array, b: Array, /) -> Array:
    """Solve ``A x = b`` with matrices (..., n, n) and vectors (..., n)."""
    linalg = array_namespace(A, b).linalg
    # of vectors, the function of the standard takes one
    return linalg.solve(A, b) if A.ndim == 2 and b.ndim == 1 else linalg.solve(A, b[..., None])[..., 0]
