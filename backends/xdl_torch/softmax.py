"""Softmax and its relatives with PyTorch's own kernels."""

import math

import torch

from xdl.nn._softmax import log_softmax, reduced_axes, softmax


@softmax.method("torch", when=lambda x, /, *, axis: x.numel() > 0)
def _(x, /, *, axis):
    reduced_axes(axis, x.ndim)
    limit = torch.finfo(x.dtype).max
    masked = torch.amax(x.detach(), dim=axis, keepdim=True) == -math.inf
    return torch.softmax(torch.clamp(x, -limit, limit), dim=axis).masked_fill(masked, 0.0)


@log_softmax.method("torch", when=lambda x, /, *, axis: x.numel() > 0)
def _(x, /, *, axis):
    reduced_axes(axis, x.ndim)
    masked = torch.amax(x.detach(), dim=axis, keepdim=True) == -math.inf
    safe = torch.clamp(x, max=torch.finfo(x.dtype).max).masked_fill(masked, 0.0)
    return torch.where(masked, x, torch.log_softmax(safe, dim=axis))
