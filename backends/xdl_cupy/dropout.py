"""Dropout with CuPy: selected and scaled by one kernel."""

import cupy

from xdl.nn._dropout import select_scaled

_select = cupy.ElementwiseKernel(
    "T x, bool keep, float64 scale", "T y", "y = keep ? (T)(x * (T)scale) : (T)0;", "xdl_select_scaled"
)


@select_scaled.method("cupy", when=lambda x, keep, /, *, scale: x.dtype.char in "efd")
def _(x, keep, /, *, scale):
    return _select(x, keep, scale)
