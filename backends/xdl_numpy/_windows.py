"""Windows along the axes of an array as it lies in memory."""

import functools
import math

from xdl.nn._windows import axes_of

from ._memory_order import back, copied, order_of

__all__ = ["Step", "long_order", "outer", "parts_of", "returned", "steps_of"]

BLOCK = 1 << 16  # elements; a few buffers of as many fit in the second-level cache
# Rows of fewer channels are shorter than what NumPy's loops take to start: there the channels go first.
SHORT = 12
LARGE = 4096


class Step:
    """What to do along one axis, as keys of arrays.

    Entry ``k`` of the windows is ``x[seen[k]]``, of the places ``y[within[k]]``; windows that are ``touching``
    tile the array but for ``beyond``.
    """

    def __init__(self, a, axis):
        lead = (slice(None),) * axis
        self.axis, self.size, self.output = axis, a.size, a.output
        self.kernel, self.padded = a.kernel, a.padded
        self.seen = [(*lead, a.seen(k)) for k in range(a.kernel)]
        self.within = [(*lead, slice(*a.inside(k))) for k in range(a.kernel)]
        self.touching = a.kernel == a.stride and a.dilation == 1 and not a.padded
        self.beyond = (*lead, slice(a.output * a.stride, None))

    def shape(self, shape):
        """Shape of the result for an array of a shape."""
        return (*shape[: self.axis], self.output, *shape[self.axis + 1 :])

    def shape_before(self, shape):
        """Shape of the array for a result of a shape."""
        return (*shape[: self.axis], self.size, *shape[self.axis + 1 :])


@functools.lru_cache(maxsize=1024)
def steps_of(g, order):
    """Steps along the axes of a geometry, the last first, for arrays whose axes lie in memory in ``order``."""
    return [Step(a, order.index(a.axis)) for a in reversed(axes_of(g))]


def long_order(x):
    """Order of the axes in memory in which rows are long: that of ``x``, or the channels first."""
    order, last = order_of(x), x.ndim - 1
    if order[-1] == last and x.shape[last] < SHORT and x.size >= LARGE:
        return (last, *order[:-1])
    return order


def outer(steps, x):
    """How many parts of the outermost axis can be worked on by themselves."""
    return 1 if any(step.axis == 0 for step in steps) else x.shape[0]


def parts_of(steps, x, start, stop):
    """Ranges of the outermost axis of ``x`` that make up ``range(start, stop)``, and stay in the cache."""
    if outer(steps, x) == 1:
        return [(0, x.shape[0])] if stop > start else []
    step = max(1, BLOCK // max(math.prod(x.shape[1:]), 1))
    return [(i, min(i + step, stop)) for i in range(start, stop, step)]


def returned(y, order, x):
    """Result in the memory order of the argument ``x``."""
    y, wanted = back(y, order), order_of(x)
    return y if wanted == order else copied(y, wanted)
