"""Pooling by the mean of each window with PyTorch's own kernels."""

import math

import torch
import torch.nn.functional as F

from xdl.nn._avg_pool import avg_pool

from ._images import images, like_arrays
from ._windows import cropped, plan


def _fits(x, window, /, *, stride, padding, dilation, count_include_pad):
    found = plan(x, window, stride, padding, dilation)
    if found is None or max(found[0].dilation) > 1:
        return False
    # half precision is not implemented for volumes on every device
    return x.ndim < 5 or x.dtype in (torch.float32, torch.float64)


@avg_pool.method("torch", when=_fits)
def _(x, window, /, *, stride, padding, dilation, count_include_pad):
    g, (kernel, stride, pads, _, ceil_mode) = plan(x, window, stride, padding, dilation)
    pool = F.avg_pool3d if x.ndim == 5 else F.avg_pool2d
    # PyTorch does not count what it adds after the axis in its ceil_mode
    size = math.prod(g.kernel) if count_include_pad else None
    y = pool(images(x), kernel, stride, pads, ceil_mode, False, size)
    return cropped(like_arrays(y, x.ndim - 2), g)
