"""Shrinkage with NumPy."""

import numpy as np

from xdl.nn._activations.shrinkage import check_bound, soft_shrink

from ._blocks import elementwise, is_real


@soft_shrink.method("numpy", when=lambda x, /, *, bound: is_real(x))
def _(x, /, *, bound):
    check_bound(bound)

    def kernel(x, y):
        np.clip(x, -bound, bound, out=y)
        np.subtract(x, y, out=y)

    return elementwise(kernel, x)
