"""Padding with PyTorch's own kernels."""

import torch.nn.functional as F

from xdl.nn._pad import check_pad, pad

from ._images import images, like_arrays

MODES = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@pad.method("torch", when=lambda x, padding, /, *, mode, value, axis: mode == "constant")
def _(x, padding, /, *, mode, value, axis):
    widths = [0] * (2 * x.ndim)
    for k, before, after in check_pad(x, padding, mode, axis):
        # from the last axis to the first
        widths[2 * (x.ndim - 1 - k) : 2 * (x.ndim - k)] = before, after
    return F.pad(x, widths, value=value) if any(widths) else x


def _fits(x, padding, /, *, mode, value, axis):
    """Whether PyTorch's other modes serve: floats, spatial axes, and less padding than there are entries."""
    if mode not in MODES or axis is not None or not x.is_floating_point() or not 3 <= x.ndim <= 5:
        return False
    if x.numel() == 0:
        return False
    found = check_pad(x, padding, mode, axis)
    return mode == "edge" or all(max(before, after) < x.shape[k] for k, before, after in found)


@pad.method("torch", when=_fits)
def _(x, padding, /, *, mode, value, axis):
    ndim = x.ndim - 2
    widths = [0] * (2 * max(ndim, 2))
    for k, before, after in check_pad(x, padding, mode, axis):
        widths[2 * (ndim - k) : 2 * (ndim - k + 1)] = before, after
    return like_arrays(F.pad(images(x), widths, mode=MODES[mode]), ndim) if any(widths) else x
