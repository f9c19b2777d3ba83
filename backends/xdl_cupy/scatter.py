"""Sums of rows that share an index, by CuPy's atomic addition."""

import array_api_compat.cupy as xp
import cupy as cp

from xdl.autodiff import scatter_add
from xdl.autodiff._scatter import check_scatter


@scatter_add.method("cupy", when=lambda values, index, /, *, size: values.dtype.char in "fdFD")
def _(values, index, /, *, size):
    with values.device:
        rows, places = check_scatter(xp, values, index, size)
        result = cp.zeros((size + 1, *rows.shape[1:]), rows.dtype)  # the last row takes what is outside
        cp.add.at(result, cp.where((places < 0) | (places > size), size, places), rows)
        return result[:size]
