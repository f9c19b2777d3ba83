"""Rows picked by an index with PyTorch."""

import array_api_compat.torch as xp
import torch
import torch.nn.functional as F

from xdl.nn._gather import fill, places_of, rows_at

from ._leaves import transforming


@rows_at.method("torch", when=lambda x, index, /, *, axis, from_end: x.numel() > 0 and index.numel() > 0)
def _(x, index, /, *, axis, from_end):
    n = x.shape[axis]
    if _inside(index, n):
        return _take(x, index, axis)
    places, inside = places_of(xp, index, n, from_end)
    y = _take(x, torch.where(inside, places, 0), axis)
    return y.masked_fill(~inside.view(*index.shape, *(1,) * (x.ndim - axis - 1)), fill(xp, x.dtype))


def _inside(index, n):
    """Whether all are in [0, n), where a look at the values is no wait for a device, and there are values."""
    if index.device.type != "cpu" or transforming() or index.dtype not in (torch.int32, torch.int64):
        return False
    least, most = torch.aminmax(index)
    return int(least) >= 0 and int(most) < n


def _take(x, index, axis):
    if axis == 0 and x.ndim == 2:
        return F.embedding(index, x)  # the fastest backward pass
    y = torch.index_select(x, axis, index.reshape(-1))
    return y.reshape(*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
