"""Resampling of images with PyTorch's own kernels."""

import math

import torch
import torch.nn.functional as F

from xdl.nn._upsample import check_upsample, upsample

from ._images import images, like_arrays


def _fits(x, /, *, scale, size, mode, align_corners):
    if not x.is_floating_point() or x.numel() == 0:
        return False
    if mode == "linear":
        return x.dtype in (torch.float32, torch.float64)
    sizes = check_upsample(x, scale, size, mode, align_corners)
    # PyTorch finds the nearest entry by a product with a ratio in float32; on every device it is exact for these
    parts = [m // math.gcd(n, m) for n, m in zip(x.shape[1:-1], sizes, strict=True)]
    return all(q & (q - 1) == 0 for q in parts)


@upsample.method("torch", when=_fits)
def _(x, /, *, scale, size, mode, align_corners):
    sizes = check_upsample(x, scale, size, mode, align_corners)
    if x.ndim == 3:
        sizes = (1, *sizes)
    if mode == "nearest":
        y = F.interpolate(images(x), size=sizes, mode="nearest")
    else:
        kernel = "trilinear" if x.ndim == 5 else "bilinear"
        y = F.interpolate(images(x), size=sizes, mode=kernel, align_corners=align_corners)
    return like_arrays(y, x.ndim - 2)
