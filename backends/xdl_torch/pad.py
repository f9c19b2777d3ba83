"""Padding with PyTorch's own kernels."""

import torch.nn.functional as F

from xdl.nn._pad import check_pad, pad


@pad.method("torch", when=lambda x, padding, /, *, mode, value, axis: mode == "constant")
def _(x, padding, /, *, mode, value, axis):
    widths = [0] * (2 * x.ndim)
    for k, before, after in check_pad(x, padding, mode, axis):
        # from the last axis to the first
        widths[2 * (x.ndim - 1 - k) : 2 * (x.ndim - k)] = before, after
    return F.pad(x, widths, value=value) if any(widths) else x
