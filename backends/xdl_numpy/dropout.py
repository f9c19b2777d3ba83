"""Dropout with NumPy."""

import numpy as np

from xdl.nn._dropout import select_scaled


@select_scaled.method("numpy", when=lambda x, keep, /, *, scale: x.dtype.kind == "f")
def _(x, keep, /, *, scale):
    y = np.multiply(x, scale)
    return np.multiply(keep, y.view(f"i{y.itemsize}")).view(y.dtype)
