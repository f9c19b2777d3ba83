"""Losses with PyTorch's own kernels."""

import torch
import torch.nn.functional as F

from xdl.nn._losses import check_mse, mse


@mse.method("torch")
def _(prediction, target, /, *, reduction):
    check_mse(prediction, target, reduction)
    if prediction.dtype in (torch.float32, torch.float64):
        return F.mse_loss(prediction, target.to(prediction.dtype), reduction=reduction)
    return F.mse_loss(prediction.float(), target.float(), reduction=reduction).to(prediction.dtype)
