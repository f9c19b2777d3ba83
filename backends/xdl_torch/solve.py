"""Square systems by torch's own function, which takes a vector for each matrix."""

import torch

from xdl.linalg._solve import solve


@solve.method("torch", when=lambda A, b, /: A.dtype == b.dtype and A.shape[:-1] == b.shape)
def _(A, b, /):
    return torch.linalg.solve(A, b)
