"""Adam in one kernel, in place."""

from typing import Any

import cupy

from xdl.optim import Adam, AdamW, overwrite
from xdl.optim._rule import cast_array, cast_rule

# Moments are those of the paper's algorithm 1; the scalars are arrays on the device, so nothing waits for them.
_kernel = cupy.ElementwiseKernel(
    "T grad, T rate, T b1, T b2, T eps, T shrink, T t",
    "T x, T m, T v",
    """
    m = b1 * m + (1 - b1) * grad;
    v = b2 * v + (1 - b2) * grad * grad;
    T direction = m / (1 - pow(b1, t)) / (sqrt(v / (1 - pow(b2, t))) + eps);
    x -= rate * (direction + shrink * x);
    """,
    "xdl_adam",
)


def _in_place(t: Any, xs: Any, grads: Any, states: Any, /, *, rule: Any) -> bool:
    """Whether the rule is Adam's, on real arrays that do not share memory."""
    if type(rule) not in (Adam, AdamW):
        return False
    written = [array for x, state in zip(xs, states, strict=True) for array in (x, *state)]
    arrays = [*written, *grads]
    if not all(isinstance(array, cupy.ndarray) and array.dtype.char in "fd" for array in arrays):
        return False
    return len({array.data.mem.ptr for array in arrays if array.size}) == sum(1 for a in arrays if a.size)


@overwrite.method("cupy", when=_in_place)
def _(t, xs, grads, states, /, *, rule):
    for x, grad, (m, v) in zip(xs, grads, states, strict=True):
        own, count = cast_rule(rule, x.dtype), cast_array(t, x.dtype)
        shrink = own.weight_decay if isinstance(own, AdamW) else x.dtype.type(0)
        _kernel(grad, own.learning_rate, *own.decay, own.eps, shrink, count, x, m, v)
    return xs, states
