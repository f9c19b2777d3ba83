"""The product of a cotangent with a slope, in NumPy's memory that is used again."""

import numpy as np

from xdl.nn._activations.slopes import times

from ._blocks import like


@times.method("numpy", when=lambda dy, slope, /: dy.dtype == slope.dtype and dy.shape == slope.shape)
def _(dy, slope, /):
    return np.multiply(dy, slope, out=like(slope, slope.dtype))
