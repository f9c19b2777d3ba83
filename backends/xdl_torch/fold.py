"""Patches with PyTorch's own kernels, which know sequences (as images of height 1) and images, but no volumes."""

import math

import torch.nn.functional as F

from xdl.nn._fold import check_fold, check_unfold, fold, unfold

from ._images import FLOATING, crop, images, like_arrays, movement, pad


@unfold.method("torch", when=lambda x, /, **options: x.ndim in (3, 4) and x.dtype in FLOATING and x.numel())
def _(x, /, *, kernel_size, stride, padding, dilation):
    g = check_unfold(x, kernel_size, stride, padding, dilation)
    stride, padding, dilation, even = movement(g)
    n, c, k = x.shape[0], x.shape[-1], math.prod(g.kernel)
    x = images(x if even else pad(x, g.padding))
    y = F.unfold(x, (1, *g.kernel)[-2:], dilation, padding if even else 0, stride)
    # channels come first: (n, c * k, places)
    return y.reshape(n, c, k, -1).permute(0, 3, 2, 1).reshape(n, *g.output, k * c)


@fold.method("torch", when=lambda y, /, **options: y.ndim in (3, 4) and y.dtype in FLOATING and y.numel())
def _(y, /, *, output_size, kernel_size, stride, padding, dilation):
    g = check_fold(y, output_size, kernel_size, stride, padding, dilation)
    stride, padding, dilation, even = movement(g)
    n, m, k = y.shape[0], y.shape[-1], math.prod(g.kernel)
    y = y.reshape(n, -1, k, m // k).permute(0, 3, 2, 1).reshape(n, m, -1)
    sizes = g.spatial if even else [a + size + b for size, (a, b) in zip(g.spatial, g.padding, strict=True)]
    x = F.fold(y, (1, *sizes)[-2:], (1, *g.kernel)[-2:], dilation, padding if even else 0, stride)
    x = like_arrays(x, len(g.spatial))
    return x if even else crop(x, g)
