"""Pooling to a given size with PyTorch's own kernels."""

import torch
import torch.nn.functional as F

from xdl.nn._adaptive_pool import adaptive_avg_pool, adaptive_max_pool, check_sizes

from ._images import images, like_arrays


def _fits(x, output_size, /):
    return x.dtype in (torch.float32, torch.float64) and x.numel() > 0


def _sizes(x, output_size):
    sizes = check_sizes(x, output_size)
    return (1, *sizes) if x.ndim == 3 else sizes


@adaptive_max_pool.method("torch", when=_fits)
def _(x, output_size, /):
    sizes = _sizes(x, output_size)
    pool = F.adaptive_max_pool3d if x.ndim == 5 else F.adaptive_max_pool2d
    return like_arrays(pool(images(x), sizes), x.ndim - 2)


@adaptive_avg_pool.method("torch", when=_fits)
def _(x, output_size, /):
    sizes = _sizes(x, output_size)
    pool = F.adaptive_avg_pool3d if x.ndim == 5 else F.adaptive_avg_pool2d
    return like_arrays(pool(images(x), sizes), x.ndim - 2)
