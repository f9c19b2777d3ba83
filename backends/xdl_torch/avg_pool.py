"""Pooling by the mean of each window with PyTorch's own kernels."""

import math

import torch
import torch.nn.functional as F

from xdl.nn._avg_pool import avg_pool
from xdl.nn._windows import check_windows

from ._images import images, like_arrays
from ._windows import cropped, native


def _fits(x, window, /, *, stride, padding, dilation, count_include_pad):
    if not x.is_floating_point() or x.numel() == 0 or not 3 <= x.ndim <= 5:
        return False
    if x.ndim == 5 and x.dtype not in (torch.float32, torch.float64):  # not implemented on every device
        return False
    g = check_windows(x, window, stride, padding, dilation)
    return native(g, x.ndim) is not None and all(d == 1 for d in g.dilation)


@avg_pool.method("torch", when=_fits)
def _(x, window, /, *, stride, padding, dilation, count_include_pad):
    g = check_windows(x, window, stride, padding, dilation)
    kernel, stride, pads, _, ceil_mode = native(g, x.ndim)
    pool = F.avg_pool3d if x.ndim == 5 else F.avg_pool2d
    # PyTorch does not count what it adds after the axis in its ceil_mode
    size = math.prod(g.kernel) if count_include_pad else None
    y = pool(images(x), kernel, stride, pads, ceil_mode, False, size)
    return cropped(like_arrays(y, x.ndim - 2), g)
