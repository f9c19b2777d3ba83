"""Modified factors by LAPACK, where nothing is modified."""

import torch

from xdl.autodiff import cond
from xdl.linalg import modified_cholesky
from xdl.linalg._modified_cholesky import bounds, check_square


def _floating(A, /):
    return A.dtype in (torch.float32, torch.float64) and A.numel() > 0


@modified_cholesky.method("torch", when=_floating)
def _(A, /):
    check_square(A)
    A = torch.tril(A) + torch.tril(A, -1).mT  # only the lower half is looked at, and has derivatives
    # the error, which would make the host wait, is in `info`, whose matrices are not looked at any further
    L, info = torch.linalg.cholesky_ex(A)
    pivots = torch.diagonal(L, dim1=-2, dim2=-1)
    plain = (info == 0).all() & (pivots * pivots >= bounds(A)[0]).all()
    return cond(plain, lambda L, A: L, lambda L, A: modified_cholesky.definition(A), L, A)
