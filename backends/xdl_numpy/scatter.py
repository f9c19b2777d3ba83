"""Sums of rows that share an index, by NumPy's unbuffered addition and by products of matrices."""

import array_api_compat.numpy as xp
import numpy as np

from xdl.autodiff import scatter_add
from xdl.autodiff._scatter import check_scatter

from ._at import LARGE, at, inside
from ._numba import loops

# rows of the result up to which a product with a matrix of zeros and ones is faster, if the rows are WIDE
FEW = 48
WIDE = 32
BLOCK = 1 << 15


@scatter_add.method("numpy", when=lambda values, index, /, *, size: values.dtype.char != "e")
def _(values, index, /, *, size):
    rows, places = check_scatter(xp, values, index, size)
    result = np.zeros((size, *rows.shape[1:]), rows.dtype)
    rows, places = inside(rows, places, size)
    if not rows.size or not size:
        return result
    width = result[0].size
    if (
        size <= FEW
        and width >= WIDE
        and rows.dtype.char in "fd"
        and loops("scatter", rows.size, least=LARGE) is None
    ):
        product = _by_product(rows.reshape(len(rows), width), places, size)
        if not np.isnan(product).any():  # an infinite row spoils its column
            return product.reshape(result.shape)
    at(np.add, result, rows, places)
    return result


def _by_product(rows, places, size):
    total = np.zeros((size, rows.shape[1]), rows.dtype)
    step = max(1, BLOCK // size)
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, len(rows), step):
            some = places[start : start + step]
            selected = np.zeros((size, len(some)), rows.dtype)
            selected[some, np.arange(len(some))] = 1
            total += selected @ rows[start : start + step]
    return total
