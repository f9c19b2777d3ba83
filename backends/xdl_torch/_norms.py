"""Which arrays PyTorch's own normalizations take."""

from ._leaves import transforming

__all__ = ["alike", "trailing"]


def alike(x, *parameters):
    """Whether ``x`` is a nonempty array of floats, and the parameters are of its dtype.

    Nothing is within a transform: the derivatives of torch's normalizations in forward mode take the statistics
    for constants when they are differentiated themselves, or want memory with the channels first.
    """
    dtype = x.dtype
    for a in parameters:
        if a is not None and a.dtype != dtype:
            return False
    return dtype.is_floating_point and x.numel() > 0 and not transforming()


def trailing(x, axis):
    """Whether the axes are the last ones; those out of range are not."""
    if axis == -1:
        return x.ndim > 0
    axes = (axis,) if isinstance(axis, int) else axis
    found = {i % x.ndim for i in axes if -x.ndim <= i < x.ndim} if x.ndim else set()
    return len(found) > 0 and found == set(range(x.ndim - len(found), x.ndim))
