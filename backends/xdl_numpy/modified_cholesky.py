"""Modified factors by LAPACK, where nothing is modified; else many small matrices at once, in place."""

import numpy as np

from xdl.linalg import modified_cholesky
from xdl.linalg._modified_cholesky import PANEL, bounds, check_square

CHUNK = 1 << 17  # numbers that stay in the cache


def _floating(A, /):
    return A.dtype.kind == "f" and A.dtype.itemsize >= 4


@modified_cholesky.method("numpy", when=_floating)
def _(A, /):
    check_square(A)
    n = A.shape[-1]
    if not A.size:
        return A
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
    matrices = A.reshape(-1, n, n)
    found = np.zeros_like(matrices)
    step = max(1, CHUNK // (n * n))
    for start in range(0, len(matrices), step):
        part = matrices[start : start + step]
        found[start : start + step] = _columns(part).transpose(2, 0, 1)
    return found.reshape(A.shape)


def _safe(A, pivots):
    return (pivots * pivots >= bounds(A)[0]).all()


def _columns(A):
    """Columns of the factors, entries first and matrices last."""
    n = A.shape[-1]
    least, most = (bound[:, 0] for bound in bounds(A))
    C = np.ascontiguousarray(A.transpose(1, 2, 0))
    L = np.zeros_like(C)
    for k in range(n):
        below = C[k + 1 :, k]
        d = np.maximum(np.abs(C[k, k]), least)
        if k + 1 < n:
            d = np.maximum(d, (below * below).max(axis=0) / most)
        root = np.sqrt(d)
        L[k, k] = root
        np.divide(below, root, out=L[k + 1 :, k])
        for j in range(k + 1, n):
            C[j:, j] -= L[j:, k] * L[j, k]
    return L
