"""Attention with PyTorch's fused kernels, and derivatives of any order."""

import math

import torch
import torch.nn.functional as F

from xdl.nn._attend import attend, attend_pullback

from ._leaves import transforming


def _suits(q, k, v, bias=None, mask=None, key=None, /, *, dropout, **options):
    # inside the transforms of torch.func the definition serves, which has derivatives of all kinds
    return not dropout and min(q.numel(), k.numel(), v.numel()) > 0 and not _transforming()


def _transforming():
    return not torch.compiler.is_dynamo_compiling() and (
        transforming() or torch.autograd.forward_ad._current_level >= 0
    )


@attend.method("torch", when=_suits)
def _(q, k, v, bias=None, mask=None, key=None, /, *, offset, scale, dropout):
    if torch.compiler.is_dynamo_compiling() or not (
        torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in (q, k, v, bias))
    ):
        return _fused(q, k, v, bias, mask, offset, scale)
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


class _Attend(torch.autograd.Function):
    """The fused kernel, whose own derivative has no derivative, and the definition where one is asked for."""

    @staticmethod
    def forward(ctx, q, k, v, bias, mask, offset, scale):
        with torch.enable_grad():
            inner = [x if x is None else x.detach().requires_grad_(x.requires_grad) for x in (q, k, v, bias)]
            y = _fused(*inner, mask, offset, scale)
        ctx.inner, ctx.y, ctx.options = inner, y, {"offset": offset, "scale": scale, "dropout": 0.0}
        y = y.detach()
        ctx.save_for_backward(q, k, v, bias, mask, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        q, k, v, bias, mask, y = ctx.saved_tensors
        wanted = tuple(ctx.needs_input_grad[:4])
        if torch.is_grad_enabled():
            grads = attend_pullback.definition(dy, y, q, k, v, bias, mask, None, wanted=wanted, **ctx.options)
            return *grads, None, None, None
        inner = [x for x, want in zip(ctx.inner, wanted, strict=True) if want]
        found = iter(torch.autograd.grad(ctx.y, inner, dy, retain_graph=True))
        return *[next(found) if want else None for want in wanted], None, None, None
