"""Linear algebra beyond the standard: triangular equations, Krylov methods without matrices, and factors of near ones."""

from ._cg import cg
from ._lanczos import Tridiagonal, extreme_eigenvalues, lanczos
from ._minres import minres
from ._modified_cholesky import modified_cholesky
from ._preconditioners import BlockJacobi, Jacobi, Nystrom, nystrom
from ._solution import Outcome, Solution
from ._triangular import cho_solve, solve_triangular

__all__ = [
    "BlockJacobi",
    "Jacobi",
    "Nystrom",
    "Outcome",
    "Solution",
    "Tridiagonal",
    "cg",
    "cho_solve",
    "extreme_eigenvalues",
    "lanczos",
    "minres",
    "modified_cholesky",
    "nystrom",
    "solve_triangular",
]
