"""Attention with PyTorch's fused kernels, and derivatives of any order."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend

from xdl.nn._attend import attend, attend_pullback

from ._leaves import transforming

FORWARD: Any = getattr(torch.ops.aten, "_scaled_dot_product_flash_attention_for_cpu", None)
BACKWARD: Any = getattr(torch.ops.aten, "_scaled_dot_product_flash_attention_for_cpu_backward", None)
CHOICE: Any = getattr(torch, "_fused_sdp_choice", None) if FORWARD and BACKWARD else None
FLASH = SDPBackend.FLASH_ATTENTION.value


def _suits(q, k, v, bias=None, mask=None, key=None, /, *, dropout, **options):
    # inside the transforms of torch.func the definition serves, which has derivatives of all kinds
    if dropout or not (q.numel() and k.numel() and v.numel()):
        return False
    return torch.compiler.is_dynamo_compiling() or not (transforming() or forward_ad._current_level >= 0)


@attend.method("torch", when=_suits)
def _(q, k, v, bias=None, mask=None, key=None, /, *, offset, scale, dropout):
    if torch.compiler.is_dynamo_compiling() or not (
        torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in (q, k, v, bias))
    ):
        return _fused(q, k, v, bias, mask, offset, scale)
    if bias is None and mask is None and _is_plain(q, k, v, offset):
        return _Plain.apply(q, k, v, offset, scale)
    return _Attend.apply(q, k, v, bias, mask, offset, scale)


def _fused(q, k, v, bias, mask, offset, scale):
    t, s = q.shape[-2], k.shape[-2]
    causal = offset is not None and offset < s - 1
    if causal and (t != s or offset or bias is not None or mask is not None):
        # PyTorch takes a mask or a triangle, and its triangle begins with the first key
        below = torch.ones(t, s, dtype=torch.bool, device=q.device).tril(offset)
        mask = below if mask is None else mask & below
        causal = False
    if bias is not None:
        mask = bias if mask is None else torch.where(mask, bias, -math.inf)
    shape = (*q.shape[:-1], v.shape[-1])
    if q.ndim != 4:  # the fused kernels take one axis of batches
        q, k, v = (x.reshape(-1, *x.shape[-3:]) for x in (q, k, v))
        if mask is not None and mask.ndim > 4:
            mask = mask.expand(*shape[:-3], *mask.shape[-3:]).reshape(-1, *mask.shape[-3:])
    y = F.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=causal, scale=scale, enable_gqa=q.shape[-3] != k.shape[-3]
    )
    return y if len(shape) == 4 else y.reshape(shape)


def _is_plain(q, k, v, offset):
    """Whether PyTorch would take its kernel for the CPU."""
    if CHOICE is None or q.device.type != "cpu" or q.ndim != 4 or q.shape[1] != k.shape[1]:
        return False
    if offset is not None and (offset or q.shape[2] != k.shape[2]):
        return False
    return CHOICE(q, k, v, is_causal=offset is not None) == FLASH


class _Plain(torch.autograd.Function):
    """The kernel for the CPU without a mask, called without a graph of its own around it."""

    @staticmethod
    def forward(ctx, q, k, v, offset, scale):
        y, statistic = FORWARD(q, k, v, 0.0, offset is not None, scale=scale)
        ctx.save_for_backward(q, k, v, y, statistic)
        ctx.offset, ctx.scale = offset, scale
        return y

    @staticmethod
    def backward(ctx, dy):
        q, k, v, y, statistic = ctx.saved_tensors
        if torch.is_grad_enabled():
            grads = _pullback(ctx, dy, y, q, k, v)[:3]
        else:
            grads = BACKWARD(dy, q, k, v, y, statistic, 0.0, ctx.offset is not None, scale=ctx.scale)
        return *grads, None, None


class _Attend(torch.autograd.Function):
    """The fused kernel of any device, differentiated by PyTorch."""

    @staticmethod
    def forward(ctx, q, k, v, bias, mask, offset, scale):
        ctx.offset, ctx.scale = offset, scale
        with torch.enable_grad():
            inner = [x if x is None else x.detach().requires_grad_(x.requires_grad) for x in (q, k, v, bias)]
            y = _fused(*inner, mask, offset, scale)
        ctx.inner, ctx.y = inner, y
        y = y.detach()
        ctx.save_for_backward(q, k, v, bias, mask, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        q, k, v, bias, mask, y = ctx.saved_tensors
        if torch.is_grad_enabled():
            return *_pullback(ctx, dy, y, q, k, v, bias, mask), None, None, None
        wanted = ctx.needs_input_grad[:4]
        inner = [x for x, want in zip(ctx.inner, wanted, strict=True) if want]
        found = iter(torch.autograd.grad(ctx.y, inner, dy, retain_graph=True))
        return *[next(found) if want else None for want in wanted], None, None, None


def _pullback(ctx, dy, y, q, k, v, bias=None, mask=None):
    """The definition, where a derivative of the derivative is asked for, which the kernels do not have."""
    wanted = tuple(ctx.needs_input_grad[:4])
    options = {"offset": ctx.offset, "scale": ctx.scale, "dropout": 0.0}
    return attend_pullback.definition(dy, y, q, k, v, bias, mask, None, wanted=wanted, **options)
