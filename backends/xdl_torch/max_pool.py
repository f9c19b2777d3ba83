"""Pooling by the largest entry with PyTorch's own kernels."""

import torch.nn.functional as F

from xdl.nn._max_pool import max_pool

from ._images import images, like_arrays
from ._windows import cropped, plan


def _fits(x, window, /, *, stride, padding, dilation):
    return plan(x, window, stride, padding, dilation) is not None


@max_pool.method("torch", when=_fits)
def _(x, window, /, *, stride, padding, dilation):
    g, options = plan(x, window, stride, padding, dilation)
    pool = F.max_pool3d if x.ndim == 5 else F.max_pool2d
    y = pool(images(x), *options)
    return cropped(like_arrays(y, x.ndim - 2), g)
