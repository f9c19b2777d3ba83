"""Losses with PyTorch's own kernels."""

import torch
import torch.nn.functional as F

from xdl.nn._losses.likelihoods import derivatives_of_sigmoid_cross_entropy, sigmoid_cross_entropy
from xdl.nn._losses.reductions import check_mse
from xdl.nn._losses.regression import mse


@mse.method("torch")
def _(prediction, target, /, *, reduction):
    check_mse(prediction, target, reduction)
    if prediction.dtype in (torch.float32, torch.float64):
        return F.mse_loss(prediction, target.to(prediction.dtype), reduction=reduction)
    return F.mse_loss(prediction.float(), target.float(), reduction=reduction).to(prediction.dtype)


@sigmoid_cross_entropy.method("torch", when=lambda logits, target, /, *, reduction: logits.numel() > 0)
def _(logits, target, /, *, reduction):
    check_mse(logits, target, reduction)
    z = logits if logits.dtype in (torch.float32, torch.float64) else logits.float()
    loss = F.binary_cross_entropy_with_logits(z, target.to(z.dtype), reduction=reduction)
    return loss.to(logits.dtype)


@derivatives_of_sigmoid_cross_entropy.method("torch")
def _(z, y, /):
    p = torch.sigmoid(z)
    # from 40 on the logarithm is less than half a unit in the last place of float64; 1 - p would cancel
    return F.softplus(z, threshold=40.0) - y * z, p - y, p * torch.sigmoid(-z)
