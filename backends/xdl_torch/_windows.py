"""What windows can be had from PyTorch's kernels for pooling."""

__all__ = ["cropped", "native"]


def native(g, ndim):
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
    for axis, n in enumerate(g.output, 1):
        if y.shape[axis] != n:
            y = y.narrow(axis, 0, n)
    return y
