"""Stacks of matrices: transposes, conjugates and diagonals that the rules of linear algebra share."""

from typing import Any

from xdl.core import Array


def is_complex(xp: Any, x: Array) -> bool:
    """Whether the elements are complex numbers."""
    return xp.isdtype(x.dtype, "complex floating")


def conj(xp: Any, x: Array) -> Array:
    """Complex conjugate; real arrays as they are."""
    return xp.conj(x) if is_complex(xp, x) else x


def real(xp: Any, x: Array) -> Array:
    """Real part; real arrays as they are."""
    return xp.real(x) if is_complex(xp, x) else x


def imaginary(xp: Any, x: Array) -> Array:
    """``x`` without its real part: ``i Im(x)``."""
    return x - xp.real(x)


def T(xp: Any, x: Array) -> Array:  # noqa: N802
    """Transpose."""
    return xp.matrix_transpose(x)


def H(xp: Any, x: Array) -> Array:  # noqa: N802
    """Conjugate transpose."""
    return conj(xp, xp.matrix_transpose(x))


def row(xp: Any, x: Array) -> Array:
    """Vectors as matrices of one row."""
    return xp.expand_dims(x, axis=-2)


def column(xp: Any, x: Array) -> Array:
    """Vectors as matrices of one column."""
    return xp.expand_dims(x, axis=-1)


def scalar(xp: Any, x: Array) -> Array:
    """Numbers as matrices of one element."""
    return xp.expand_dims(xp.expand_dims(x, axis=-1), axis=-1)


def banded(xp: Any, x: Array, offset: int = 0) -> Array:
    """``x`` with zeros everywhere but on one diagonal."""
    return xp.tril(xp.triu(x, k=offset), k=offset)


def diagonal_matrix(xp: Any, d: Array) -> Array:
    """Square matrices with ``d`` on their diagonals."""
    return banded(xp, xp.broadcast_to(row(xp, d), (*d.shape, d.shape[-1])))


def nonzero(xp: Any, x: Array) -> Array:
    """``x`` with its zeros replaced by ones: a divisor whose quotient is discarded there."""
    return xp.where(x == 0, 1.0, x)


def quotient(xp: Any, x: Array, y: Array) -> Array:
    """``x / y``; where ``y`` is zero, zero in every order of derivative."""
    return xp.where(y == 0, 0.0, x / nonzero(xp, y))
