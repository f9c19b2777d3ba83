"""Dense layers with rectifiers between them with NumPy: sums, rectifiers and gates in place."""

import collections
import math

import numpy as np

from xdl.nn._linear import check_linear
from xdl.nn._relu_layers import relu_activations, relu_layers, relu_layers_pullback

from ._memory import empty
from ._numba import loops_of_many
from ._threads import hold, let_go


@relu_layers.method("numpy")
def _(x, /, *parameters):
    latest = collections.deque(maxlen=1)
    _run(x, parameters, latest)
    return latest[0]


@relu_activations.method("numpy")
def _(x, /, *parameters):
    found = []
    _run(x, parameters, found)
    return tuple(found)


def _run(x, parameters, outputs):
    """Append what leaves each layer to ``outputs``."""
    lead, last = x.shape[:-1], len(parameters) - 2
    held = hold(_operations(x, parameters))
    try:
        for k in range(0, last + 1, 2):
            w, b = parameters[k], parameters[k + 1]
            check_linear(x, w, b)
            if k == 0 and x.ndim != 2:
                x = x.reshape(-1, w.shape[0])
            x = np.matmul(x, w, out=empty((x.shape[0], w.shape[1]), w.dtype))
            if k < last:
                _rectify(x, b)
            elif b is not None:
                x += b
            outputs.append(x if len(lead) == 1 else x.reshape(*lead, x.shape[1]))
    finally:
        if held:
            let_go(held)


@relu_layers_pullback.method("numpy", when=lambda dy, x, /, *arrays, wanted: dy.dtype.kind == "f")
def _(dy, x, /, *arrays, wanted):
    n = (len(arrays) + 1) // 3
    inputs, shape = (x, *arrays[2 * n :]), x.shape
    if x.ndim != 2:
        inputs = [h.reshape(-1, h.shape[-1]) for h in inputs]
        dy = dy.reshape(-1, dy.shape[-1])
    found = [None] * (2 * n + 1)
    ones = np.ones(len(dy), dy.dtype)
    first = next(k for k, want in enumerate(wanted) if want)
    held = hold(_operations(x, arrays[: 2 * n]))
    try:
        for k in range(n - 1, -1, -1):
            h, w = inputs[k], arrays[2 * k]
            if wanted[2 * k + 1]:
                found[2 * k + 1] = np.matmul(h.T, dy, out=empty(w.shape, w.dtype))
            if wanted[2 * k + 2 : 2 * k + 3] == (True,):
                found[2 * k + 2] = np.matmul(ones, dy)  # a product with ones is the fastest sum
            if first > 2 * k:
                break
            dy = np.matmul(dy, w.T, out=empty((len(dy), w.shape[0]), w.dtype))
            if k:
                _gate(dy, h)
    finally:
        if held:
            let_go(held)
    if wanted[0]:
        found[0] = dy.reshape(shape)
    return tuple(found)


def _rectify(x, bias):
    """Add a bias, if there is one, and set to zero what is negative, in place."""
    if bias is not None:
        compiled = _compiled(x, bias)
        if compiled is not None:
            compiled.rectify(x, bias)
            return
        x += bias
    np.maximum(x, 0, out=x)


def _gate(dy, y):
    """Set ``dy`` to zero where ``y`` is not positive, in place."""
    compiled = _compiled(dy, y)
    if compiled is not None:
        compiled.gate(dy, y)
        return
    chosen = dy.view(f"i{dy.itemsize}")  # the product of integers selects the bits, see `gate`
    np.multiply(y > 0, chosen, out=chosen)


def _compiled(x, other):
    """Compiled loops for two arrays, the first of which was made here; None where NumPy's passes serve."""
    dtype = x.dtype
    if dtype.char in "fd" and dtype.isnative and dtype is other.dtype and other.flags.c_contiguous:
        return loops_of_many("rectifiers", x.size)
    return None


def _operations(x, parameters):
    """Operations of the largest product."""
    return 2.0 * math.prod(x.shape[:-1]) * max([w.size for w in parameters[::2]])
