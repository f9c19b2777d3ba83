"""Pooling by the largest entry with NumPy: whole slices compared, axis by axis and block by block.

The entry that a window takes is told, going back, by comparing slices with the maximum; no index is made.
"""

import math

import numpy as np

from xdl.nn._max_pool import max_pool, max_pool_forward, max_pool_pullback
from xdl.nn._windows import check_windows

from ._blocks import is_real
from ._memory import empty
from ._memory_order import copied, order_of
from ._numba import loops_of_many
from ._threads import share
from ._windows import long_order, outer, parts_of, returned, steps_of


@max_pool.method("numpy", when=lambda x, window, /, **options: is_real(x))
def _(x, window, /, *, stride, padding, dilation):
    return _pool(x, check_windows(x, window, stride, padding, dilation), keep=False)[0]


@max_pool_forward.method("numpy", when=lambda x, /, *, geometry: is_real(x))
def _(x, /, *, geometry):
    return _pool(x, geometry, keep=True)


@max_pool_pullback.method(
    "numpy", when=lambda dy, x, /, *, geometry, saved: is_real(x) and dy.dtype == x.dtype
)
def _(dy, x, /, *, geometry, saved):
    if saved is None:
        saved = _pool(x, geometry, keep=True)[1]
    order, levels = saved  # pyright: ignore[reportGeneralTypeIssues]
    steps = steps_of(geometry, order)
    dx = empty(levels[0].shape, x.dtype)
    dy = dy.transpose(order)
    if not steps:
        np.copyto(dx, dy)

    def work(start, stop):
        for i, j in parts_of(steps, levels[0], start, stop):
            d = dy[i:j]
            for k in range(len(steps) - 1, -1, -1):
                x, y = levels[k][i:j], levels[k + 1][i:j]
                part = dx[i:j] if k == 0 else empty(x.shape, x.dtype)
                _distribute(d, x, y, part, steps[k])
                d = part

    share(work, outer(steps, levels[0]), operations=8 * x.size)
    return returned(dx, order, x)


def _pool(x, g, *, keep):
    """Maxima, and (order of the axes in memory, the array and its maxima after each axis) if those are kept."""
    order = long_order(x)
    levels = [x.transpose(order) if order == order_of(x) else copied(x, order).transpose(order)]
    steps = steps_of(g, order)
    shape = levels[0].shape
    for step in steps:
        shape = step.shape(shape)
        levels.append(empty(shape, x.dtype) if keep or step is steps[-1] else None)

    def work(start, stop):
        for i, j in parts_of(steps, levels[0], start, stop):
            source = levels[0][i:j]
            for step, level in zip(steps, levels[1:], strict=True):
                y = empty(step.shape(source.shape), x.dtype) if level is None else level[i:j]
                _maximum(source, y, step)
                source = y

    share(work, outer(steps, levels[0]), operations=4 * x.size)
    return returned(levels[-1], order, x), ((order, levels) if keep else None)


def _maximum(x, y, step):
    """Largest entries of windows along an axis of ``x``, into ``y``."""
    seen, within = step.seen, step.within
    if step.padded:
        y.fill(-math.inf)
        for k in range(step.kernel):
            part = y[within[k]]
            np.maximum(part, x[seen[k]], out=part)
    elif step.kernel == 1:
        np.copyto(y, x[seen[0]])
    else:
        np.maximum(x[seen[0]], x[seen[1]], out=y)
        for k in range(2, step.kernel):
            np.maximum(y, x[seen[k]], out=y)


def _distribute(d, x, y, dx, step):
    """Give each entry of ``d`` to the first entry of its window of ``x`` that is not below ``y``, in ``dx``.

    Bits are selected by a product of integers, which is fast, and safe with infinities. What a place does not
    take is passed on to the next one; the last one takes what is left.
    """
    seen, within, last = step.seen, step.within, step.kernel - 1
    bits = np.dtype(f"i{d.itemsize}")
    rest, out = d.view(bits), dx.view(bits)
    below = empty(d.shape, np.dtype(bool))
    if step.touching:
        out[step.beyond] = 0
        if d.dtype.isnative and all(a.flags.c_contiguous for a in (d, x, y, dx)):
            compiled = loops_of_many("max_pool", x.size)
            if compiled is not None:
                compiled.give(*[_by_axis(a, step.axis) for a in (d, x, y, dx)], step.kernel)
                return
        for k in range(last):
            np.less(x[seen[k]], y, out=below)
            passed = out[seen[last]] if k == last - 1 else empty(d.shape, bits)
            np.multiply(below, rest, out=passed)
            np.subtract(rest, passed, out=out[seen[k]])
            rest = passed
        return
    dx.fill(0)
    buffers = [empty(d.shape, bits) for _ in range(3)]
    for k in range(last):
        passed, taken = buffers[k % 2], buffers[2]
        w = within[k]
        if step.padded:
            np.copyto(passed, rest)
        np.less(x[seen[k]], y[w], out=below[w])
        np.multiply(below[w], rest[w], out=passed[w])
        np.subtract(rest[w], passed[w], out=taken[w])
        part = dx[seen[k]]
        np.add(part, taken[w].view(d.dtype), out=part)
        rest = passed
    part = dx[seen[last]]
    np.add(part, rest[within[last]].view(d.dtype), out=part)


def _by_axis(a, axis):
    """Contiguous array with one axis before, and one behind."""
    return a.reshape(math.prod(a.shape[:axis]), a.shape[axis], math.prod(a.shape[axis + 1 :]))
