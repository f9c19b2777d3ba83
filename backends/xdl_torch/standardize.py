"""Batch normalization with PyTorch's own kernels."""

import torch
import torch.nn.functional as F

from xdl.nn._standardize import rescale, standardize

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


def _is_batch(x, weight, bias, /, *, axes, parameters, eps, centered):
    last = x.ndim - 1
    return (
        centered
        and x.ndim >= 2
        and axes == tuple(range(last))
        and parameters == (last,)
        and alike(x, weight, bias)
        and x.dtype in (torch.float32, torch.float64)
        and x.numel() > x.shape[last]
    )


@standardize.method("torch", when=_is_batch)
def _(x, weight, bias, /, *, axes, parameters, eps, centered):
    c, n = x.shape[-1], x.numel() // x.shape[-1]
    mean, var = x.new_zeros((2, c))
    # running averages that forget all of the past are the statistics of the batch
    y = F.batch_norm(x.movedim(-1, 1), mean, var, weight, bias, True, 1.0, eps).movedim(1, -1)
    var = var * ((n - 1) / n)
    if x.requires_grad and torch.is_grad_enabled():
        mean, var = _Moments.apply(x, mean, var)
    shape = (1,) * (x.ndim - 1) + (c,)
    return y, mean.reshape(shape), var.reshape(shape)


@rescale.method(
    "torch",
    when=lambda x, mean, var, weight, bias, /, *, eps: (
        x.ndim >= 2 and alike(x, mean, var, weight, bias) and not (mean.requires_grad or var.requires_grad)
    ),
)
def _(x, mean, var, weight, bias, /, *, eps):
    return F.batch_norm(x.movedim(-1, 1), mean, var, weight, bias, False, 0.0, eps).movedim(1, -1)
