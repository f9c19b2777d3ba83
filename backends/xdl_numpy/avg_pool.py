"""Pooling by the mean of each window with NumPy: whole slices added, axis by axis and block by block."""

import math

import numpy as np

from xdl.nn._avg_pool import avg_pool, avg_pool_pullback, counts
from xdl.nn._windows import axes_of, check_windows

from ._memory import empty
from ._memory_order import copied, order_of
from ._threads import share
from ._windows import long_order, outer, parts_of, returned, steps_of


def _single_or_double(x):
    return x.dtype.char in "fdFD"


@avg_pool.method("numpy", when=lambda x, window, /, **options: _single_or_double(x))
def _(x, window, /, *, stride, padding, dilation, count_include_pad):
    g = check_windows(x, window, stride, padding, dilation)
    order = long_order(x)
    source = x.transpose(order) if order == order_of(x) else copied(x, order).transpose(order)
    steps = steps_of(g, order)[::-1]
    shape = source.shape
    for step in steps:
        shape = step.shape(shape)
    y = empty(shape, x.dtype)
    weights = _weights(g, order, x.dtype, count_include_pad)

    def work(start, stop):
        for i, j in parts_of(steps, source, start, stop):
            part = source[i:j]
            for step in steps:
                shape = step.shape(part.shape)
                total = y[i:j] if step is steps[-1] else empty(shape, x.dtype)
                _add(part, total, step)
                part = total
            if not steps:
                np.copyto(y[i:j], part)
            for weight in weights:
                np.multiply(y[i:j], weight, out=y[i:j])

    share(work, outer(steps, source), operations=4 * x.size)
    return returned(y, order, x)


@avg_pool_pullback.method("numpy", when=lambda dy, /, *, geometry, count_include_pad: _single_or_double(dy))
def _(dy, /, *, geometry, count_include_pad):
    order = long_order(dy)
    source = dy.transpose(order) if order == order_of(dy) else copied(dy, order).transpose(order)
    steps = steps_of(geometry, order)
    whole = (dy.shape[0], *geometry.spatial, dy.shape[-1])
    dx = empty(tuple([whole[k] for k in order]), dy.dtype)
    weights = _weights(geometry, order, dy.dtype, count_include_pad)

    def work(start, stop):
        for i, j in parts_of(steps, dx, start, stop):
            part = np.multiply(source[i:j], weights[0], out=empty(source[i:j].shape, dy.dtype))
            for weight in weights[1:]:
                np.multiply(part, weight, out=part)
            for step in steps:
                shape = step.shape_before(part.shape)
                wide = dx[i:j] if step is steps[-1] else empty(shape, dy.dtype)
                _spread(part, wide, step)
                part = wide
            if not steps:
                np.copyto(dx[i:j], part)

    share(work, outer(steps, dx), operations=4 * dx.size)
    return returned(dx, order, dy)


def _weights(g, order, dtype, count_include_pad):
    """Factors that make a mean of the sum over each window: a number, then arrays along padded axes."""
    dtype = np.zeros((), dtype).real.dtype
    if count_include_pad:
        return [dtype.type(1 / math.prod(g.kernel))]
    padded = [a for a in axes_of(g) if a.padded]
    weights = [dtype.type(math.prod(a.kernel for a in padded) / math.prod(g.kernel))]
    for a in padded:
        axis = order.index(a.axis)
        weight = 1 / np.asarray(counts(a), dtype)
        weights.append(weight.reshape(-1, *(1,) * (len(order) - axis - 1)))
    return weights


def _add(x, y, step):
    """Sums of windows along an axis of ``x``, into ``y``."""
    seen, within = step.seen, step.within
    if step.padded:
        y.fill(0)
        for k in range(step.kernel):
            part = y[within[k]]
            np.add(part, x[seen[k]], out=part)
    elif step.kernel == 1:
        np.copyto(y, x[seen[0]])
    else:
        np.add(x[seen[0]], x[seen[1]], out=y)
        for k in range(2, step.kernel):
            np.add(y, x[seen[k]], out=y)


def _spread(d, dx, step):
    """Transpose of `_add`."""
    if step.touching:
        dx[step.beyond] = 0
        for k in range(step.kernel):
            np.copyto(dx[step.seen[k]], d)
        return
    dx.fill(0)
    for k in range(step.kernel):
        part = dx[step.seen[k]]
        np.add(part, d[step.within[k]], out=part)
