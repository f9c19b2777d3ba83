"""Channels exchanged for resolution with PyTorch's own kernels."""

import torch
import torch.nn.functional as F

from xdl.nn._pixel_shuffle import check_shuffle, check_unshuffle, pixel_shuffle, pixel_unshuffle


@pixel_shuffle.method("torch", when=lambda x, factor, /: x.ndim == 4 and x.numel() > 0)
def _(x, factor, /):
    check_shuffle(x, factor)
    return torch.movedim(F.pixel_shuffle(torch.movedim(x, -1, 1), factor), 1, -1)


@pixel_unshuffle.method("torch", when=lambda x, factor, /: x.ndim == 4 and x.numel() > 0)
def _(x, factor, /):
    check_unshuffle(x, factor)
    return torch.movedim(F.pixel_unshuffle(torch.movedim(x, -1, 1), factor), 1, -1)
