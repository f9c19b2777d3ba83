"""Products with the data of regressions, and solutions with the positive semidefinite matrices made of them."""

from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of, is_traced
from xdl.linalg._solve import solve

__all__ = [
    "diagonal",
    "gram",
    "inner",
    "inverse",
    "product",
    "regularization",
    "solve_positive",
    "transposed_product",
]

SMALL = 2**15  # entries up to which a symmetric product is no quicker than a general one
ROWS = 4096  # a block of this many rows of moderate length stays in the cache between its two uses


def product(Z: Array, theta: Array) -> Array:
    """Product ``Z theta`` of a matrix and a vector, or of many."""
    return Z @ theta if theta.ndim == 1 else array_namespace(Z, theta).matmul(Z, theta[..., None])[..., 0]


def transposed_product(Z: Array, r: Array) -> Array:
    """Product ``Z' r``, as one of a row with a matrix: some compilers read a transposed matrix column by column."""
    return r @ Z if r.ndim == 1 else array_namespace(Z, r).matmul(r[..., None, :], Z)[..., 0, :]


def inner(x: Array, y: Array) -> Array:
    """Inner products of vectors; for two, the operator, which costs least."""
    return x @ y if x.ndim == 1 else array_namespace(x, y).vecdot(x, y)


def gram(Z: Array, weights: Array) -> Array:
    """``Z' diag(weights) Z``, where it is large at half the cost of a product.

    Parameters
    ----------
    Z : (..., n, q) array
    weights : (..., n) array
        At least 0.

    Returns
    -------
    (..., q, q) array
    """
    n = Z.shape[-2]
    if n * Z.shape[-1] <= SMALL:
        return (Z.mT * weights[..., None, :]) @ Z
    roots = array_namespace(weights).sqrt(weights)[..., None]
    size = n if n <= 2 * ROWS or is_traced(type(Z)) else max(ROWS, -(-n // 64))
    total = None
    for k in range(0, n, size):
        stop = min(k + size, n)
        A = roots * Z if size == n else roots[..., k:stop, :] * Z[..., k:stop, :]
        # The same array on both sides: NumPy then calls the symmetric product of BLAS.
        H = A.mT @ A
        total = H if total is None else total + H
    return total


def diagonal(x: Array) -> Array:
    """Matrices (..., q, q) with the entries of ``x`` (..., q) on their diagonals."""
    xp = array_namespace(x)
    return xp.eye(x.shape[-1], dtype=x.dtype, device=device_of(x)) * x[..., None]


def regularization(like: Array, penalty: Array | None = None) -> tuple[Array, Array]:
    """Factor and summand of a positive semidefinite matrix (..., q, q) that is then no longer singular.

    The penalty (..., q) is added to the diagonal, and a few roundings of what stands there: no pivot is zero. The
    matrix is one for vectors ``like`` (..., q).
    """
    xp, q = array_namespace(like), like.shape[-1]
    info = xp.finfo(like.dtype)
    unit = xp.eye(q, dtype=like.dtype, device=device_of(like))
    factor, least = 1.0 + (4.0 * q * float(info.eps)) * unit, float(info.smallest_normal)
    return factor, unit * (least if penalty is None else (penalty + least)[..., None])


def solve_positive(H: Array, g: Array, penalty: Array | None = None) -> Array:
    """Solve with ``H + diag(penalty)``, positive semidefinite; where it is singular, by one of the solutions."""
    factor, summand = regularization(g, penalty)
    return solve(H * factor + summand, g)


def inverse(H: Array) -> Array:
    """Inverse of a positive semidefinite matrix; huge where it has none."""
    factor, summand = regularization(H[..., 0])
    return array_namespace(H).linalg.inv(H * factor + summand)
