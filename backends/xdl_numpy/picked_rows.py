"""Rows at places known beforehand with NumPy: as the array lies in memory, and whole runs at a time."""

import functools

import numpy as np

from xdl.nn._picked_rows import pick_rows, sum_rows

from ._memory import empty
from ._memory_order import back, order_of


@pick_rows.method("numpy")
def _(x, /, *, axis, places):
    order = order_of(x)
    source, k = x.transpose(order), order.index(axis)
    y = empty((*source.shape[:k], len(places), *source.shape[k + 1 :]), x.dtype)
    # the places are within the axis; with mode="raise" NumPy would write into a buffer first
    np.take(source, places, axis=k, out=y, mode="clip")
    return back(y, order)


@sum_rows.method("numpy")
def _(y, /, *, axis, places, size):
    order = order_of(y)
    rows, k = y.transpose(order), order.index(axis)
    x = empty((*rows.shape[:k], size, *rows.shape[k + 1 :]), y.dtype)
    x.fill(0)
    lead = (slice(None),) * k
    for start, stop, first, step in _runs(places):
        some = rows[(*lead, slice(start, stop))]
        if step == 0:
            part = x[(*lead, slice(first, first + 1))]
            if stop - start > 1:
                some = some.sum(axis=k, keepdims=True)
        else:
            last = first + step * (stop - start)
            part = x[(*lead, slice(first, last if last >= 0 else None, step))]
        np.add(part, some, out=part)
    return back(x, order)


@functools.lru_cache(maxsize=256)
def _runs(places):
    """Cut places into runs (start, stop, first place, step) with one step, at most 1 up or down."""
    found, start = [], 0
    while start < len(places):
        stop = start + 1
        step = places[stop] - places[start] if stop < len(places) else 1
        if abs(step) > 1:
            step = 1
        while stop < len(places) and places[stop] - places[stop - 1] == step:
            stop += 1
        found.append((start, stop, places[start], step))
        start = stop
    return found
