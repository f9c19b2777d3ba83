"""The affine map with NumPy: one product of matrices."""

import numpy as np

from xdl.nn._linear import check_linear, linear, linear_pullback

from ._memory import empty
from ._threads import hold, let_go


def _matmul(a, b):
    if a.ndim != 2 or a.dtype != b.dtype:
        return np.matmul(a, b)
    held = hold(2.0 * a.shape[0] * b.size)
    try:
        return np.matmul(a, b, out=empty((a.shape[0], b.shape[1]), a.dtype))
    finally:
        if held:
            let_go(held)


@linear.method("numpy")
def _(x, w, b=None, /):
    check_linear(x, w, b)
    # one product of matrices; stacked ones would be multiplied one by one
    y = _matmul(x if x.ndim <= 2 else x.reshape(-1, w.shape[0]), w)
    if b is not None:
        y += b
    return y if x.ndim <= 2 else y.reshape(*x.shape[:-1], w.shape[1])


@linear_pullback.method("numpy")
def _(dy, x, w, /, *, wanted):
    dx = None
    if x.ndim != 2:
        shape, x, dy = x.shape, x.reshape(-1, w.shape[0]), dy.reshape(-1, w.shape[1])
        if wanted[0]:
            dx = _matmul(dy, w.T).reshape(shape)
    elif wanted[0]:
        dx = _matmul(dy, w.T)
    dw = _matmul(x.T, dy) if wanted[1] else None
    # a product with ones is the fastest sum
    db = np.matmul(np.ones(len(dy), dy.dtype), dy) if len(wanted) > 2 and wanted[2] else None
    return dx, dw, db
