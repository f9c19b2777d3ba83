"""Batch normalization with PyTorch's own kernel."""

import torch
import torch.nn.functional as F

from xdl.nn._batch_norm import channels, normalize_batch
from xdl.nn._standardize import check_parameters

from ._norms import alike


class _Moments(torch.autograd.Function):
    """Mean and biased variance, known already, as functions of what they were taken of."""

    @staticmethod
    def forward(ctx, x, mean, var):
        ctx.save_for_backward(x, mean)
        return mean.clone(), var.clone()

    @staticmethod
    def backward(ctx, dmean, dvar):
        x, mean = ctx.saved_tensors
        n = x.numel() // mean.numel()
        if torch.is_grad_enabled():  # the mean that was saved is a constant
            mean = torch.mean(x, dim=tuple(range(x.ndim - 1)))
        return (dmean + 2 * dvar * (x - mean)) / n, None, None


@normalize_batch.method(
    "torch",
    when=lambda x, weight, bias, /, *, eps: (
        alike(x, weight, bias)
        and x.ndim > 1
        and x.numel() > x.shape[-1]
        and x.dtype in (torch.float32, torch.float64)
    ),
)
def _(x, weight, bias, /, *, eps):
    (c,) = shape = channels(x)
    check_parameters(x, shape, weight=weight, bias=bias)
    n = x.numel() // c
    mean, var = x.new_zeros((2, c)).unbind()
    z = x if x.ndim == 2 else x.movedim(-1, 1)
    # running averages that forget all of the past are the statistics of the batch
    y = F.batch_norm(z, mean, var, weight, bias, True, 1.0, eps)
    var = var * ((n - 1) / n)
    if x.requires_grad and torch.is_grad_enabled():
        mean, var = _Moments.apply(x, mean, var)
    return (y if x.ndim == 2 else y.movedim(1, -1)), mean, var
