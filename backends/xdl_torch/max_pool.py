"""Pooling by the largest entry with PyTorch's own kernels."""

import torch.nn.functional as F

from xdl.nn._max_pool import max_pool
from xdl.nn._windows import check_windows

from ._images import images, like_arrays
from ._windows import cropped, native


def _fits(x, window, /, *, stride, padding, dilation):
    if not x.is_floating_point() or x.numel() == 0 or not 3 <= x.ndim <= 5:
        return False
    return native(check_windows(x, window, stride, padding, dilation), x.ndim) is not None


@max_pool.method("torch", when=_fits)
def _(x, window, /, *, stride, padding, dilation):
    g = check_windows(x, window, stride, padding, dilation)
    pool = F.max_pool3d if x.ndim == 5 else F.max_pool2d
    y = pool(images(x), *native(g, x.ndim))
    return cropped(like_arrays(y, x.ndim - 2), g)
