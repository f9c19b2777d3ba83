"""Rotary positions with NumPy: one matrix after the other, in place."""

import numpy as np

from xdl.nn._positions import rotate

from ._blocks import is_real
from ._memory import empty


@rotate.method(
    "numpy",
    when=lambda x, cos, sin, /, *, interleaved: (
        is_real(x) and x.size > 0 and x.dtype == cos.dtype == sin.dtype
    ),
)
def _(x, cos, sin, /, *, interleaved):
    y = _like(x)
    d = x.shape[-1] // 2
    first, second = (slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(d), slice(d, None))
    cos, sin = (np.broadcast_to(a, (*x.shape[:-1], d)) for a in (cos, sin))
    spare = np.empty((x.shape[-2], d), x.dtype)
    for i in np.ndindex(x.shape[:-2]):
        a, b, c, s = x[i][:, first], x[i][:, second], cos[i], sin[i]
        u, v = y[i][:, first], y[i][:, second]
        np.multiply(a, c, out=u)
        u -= np.multiply(b, s, out=spare)
        np.multiply(a, s, out=v)
        v += np.multiply(b, c, out=spare)
    return y


def _like(x):
    """Memory for an array like ``x``, its axes in the same order."""
    order = sorted(range(x.ndim), key=lambda i: (-abs(x.strides[i]), i))
    return empty(tuple([x.shape[i] for i in order]), x.dtype).transpose(np.argsort(order))
