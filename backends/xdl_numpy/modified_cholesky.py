"""Modified factors by LAPACK, where nothing is modified; else many small matrices at once, in place."""

import numpy as np

from xdl.linalg import modified_cholesky
from xdl.linalg._modified_cholesky import PANEL, bounds, check_square

CHUNK = 1 << 17  # numbers that stay in the cache
SMALL = 16  # rows up to which LAPACK is no faster for many matrices, whose results lie worse in memory


def _floating(A, /):
    return A.dtype.kind == "f" and A.dtype.itemsize >= 4


@modified_cholesky.method("numpy", when=_floating)
def _(A, /):
    check_square(A)
    n = A.shape[-1]
    if not A.size:
        return A
    many = n <= SMALL and A.size > 4 * n**3
    if not many and np.diagonal(A, axis1=-2, axis2=-1).min() > 0:
        try:
            L = np.linalg.cholesky(A)
        except np.linalg.LinAlgError:
            pass
        else:
            pivots = np.diagonal(L, axis1=-2, axis2=-1)
            smallest = pivots.min() ** 2  # quick to see: no pivot is near the bound
            if smallest >= 2 * np.finfo(A.dtype).eps * np.abs(A).max() or _safe(A, pivots):
                return L
    if n > PANEL:
        return modified_cholesky.definition(A)
    # entries first and matrices last: the loop over columns then runs along many matrices at once
    entries = np.moveaxis(A.reshape(-1, n, n), 0, -1)
    L = np.zeros(entries.shape, A.dtype)
    step = max(1, CHUNK // (n * n))
    for start in range(0, entries.shape[-1], step):
        part = slice(start, start + step)
        _columns(np.array(entries[..., part], order="C"), L[..., part])
    return np.moveaxis(L, -1, 0).reshape(A.shape)


def _safe(A, pivots):
    return (pivots * pivots >= bounds(A)[0]).all()


def _columns(C, L):
    """Factors, by columns; what they are computed from is overwritten."""
    n = len(C)
    least, most = _bounds(C)
    for k in range(n):
        below = C[k + 1 :, k]
        d = np.maximum(np.abs(C[k, k]), least)
        if k + 1 < n:
            largest = np.abs(below).max(axis=0)
            d = np.maximum(d, largest * largest / most)
        root = np.sqrt(d, out=L[k, k])
        np.divide(below, root, out=L[k + 1 :, k])
        for j in range(k + 1, n):
            C[j:, j] -= L[j:, k] * L[j, k]


def _bounds(C):
    """As those of the definition, of matrices whose entries come first."""
    n = len(C)
    size = np.zeros(C.shape[2:], C.dtype)
    diagonal = np.abs(C[range(n), range(n)]).max(axis=0)
    for k in range(n - 1):
        size = np.maximum(size, np.abs(C[k + 1 :, k]).max(axis=0))
    least = diagonal + size
    least[least == 0] = 1
    most = np.maximum(diagonal, size / max(n * n - 1, 1) ** 0.5)
    most[most == 0] = 1
    return np.finfo(C.dtype).eps * least, most
