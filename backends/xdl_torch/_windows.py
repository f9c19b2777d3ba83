"""What windows can be had from PyTorch's kernels for pooling."""

from typing import Any

from xdl.nn._windows import check_windows

__all__ = ["cropped", "plan"]

_plans = {}
MOST = 4096


def plan(x, window, stride, padding, dilation) -> Any:
    """Geometry and the arguments of PyTorch's kernel, or None where it cannot; repeated calls are look-ups."""
    key = (x.shape, x.dtype, window, stride, padding, dilation)
    try:
        return _plans[key]
    except (KeyError, TypeError):  # TypeError: what cannot be looked up is refused below
        g = check_windows(x, window, stride, padding, dilation)
        if len(_plans) >= MOST:
            _plans.clear()
        options = _native(g, x.ndim) if x.is_floating_point() and x.numel() else None
        _plans[key] = found = None if options is None else (g, options)
        return found


def _native(g, ndim):
    """Window, stride, padding, dilation and ``ceil_mode`` by which PyTorch finds all places of a geometry, or None.

    It pads both sides alike, up to half the window. What is padded after the axis more than before it can be had
    by ``ceil_mode``; what is padded less gives further places, which are cut off.
    """
    before = [p[0] for p in g.padding]
    if any(b > k // 2 for b, k in zip(before, g.kernel, strict=True)):
        return None
    floor = ceil = True
    for n, e, s, b, o in zip(g.spatial, g.extent, g.stride, before, g.output, strict=True):
        room = n + 2 * b - e
        least, most = room // s + 1, -(-room // s) + 1
        if (most - 1) * s >= n + b:
            most -= 1
        floor, ceil = floor and least >= o, ceil and most >= o
    if not floor and not ceil:
        return None
    one = (1,) if ndim == 3 else ()
    none = (0,) if ndim == 3 else ()
    return (*one, *g.kernel), (*one, *g.stride), (*none, *before), (*one, *g.dilation), not floor


def cropped(y, g):
    """The places of a geometry, of channels-last pooling that may have found more."""
    if y.shape[1:-1] != g.output:
        for axis, n in enumerate(g.output, 1):
            y = y.narrow(axis, 0, n)
    return y
