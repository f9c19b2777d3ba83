"""Linear algebra beyond the standard: triangular equations, Krylov methods without matrices, and factors of near ones."""

from ._modified_cholesky import modified_cholesky
from ._triangular import cho_solve, solve_triangular

__all__ = ["cho_solve", "modified_cholesky", "solve_triangular"]
