"""Losses with NumPy."""

import numpy as np

from xdl.nn._losses.reductions import check_mse, weight
from xdl.nn._losses.regression import mse

from ._blocks import is_real


@mse.method(
    "numpy", when=lambda prediction, target, /, **options: is_real(prediction) and prediction.size > 0
)
def _(prediction, target, /, *, reduction):
    check_mse(prediction, target, reduction)
    d = np.subtract(prediction, target, dtype=prediction.dtype)
    if reduction == "none":
        return d * d
    d = d.reshape(-1)
    total = np.dot(d, d)
    return total * weight(d.shape) if reduction == "mean" else total
