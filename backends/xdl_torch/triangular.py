"""Triangular equations by torch."""

import torch

from xdl.linalg import solve_triangular
from xdl.linalg._triangular import check_shapes, columns_of


def _floating(L, b, /, *, transpose):
    return L.dtype == b.dtype and L.dtype in (torch.float32, torch.float64)


@solve_triangular.method("torch", when=_floating)
def _(L, b, /, *, transpose=False):
    check_shapes(L, b)
    A = L.mT if transpose else L
    return columns_of(lambda x: torch.linalg.solve_triangular(A, x, upper=transpose), L, b)
