"""Connectionist temporal classification with PyTorch's own kernel, and derivatives of any order."""

import math

import torch
import torch.nn.functional as F

from xdl.nn._ctc import check_ctc, ctc_loss, ctc_pullback

from ._leaves import transforming


def _suits(logits, targets, input_lengths, target_lengths, /, **options):
    # inside the transforms of torch.func the definition serves, which has derivatives of all kinds
    return (
        logits.numel() > 0
        and targets.numel() > 0
        and not torch.compiler.is_dynamo_compiling()
        and not transforming()
        and torch.autograd.forward_ad._current_level < 0
    )


@ctc_loss.method("torch", when=_suits)
def _(logits, targets, input_lengths, target_lengths, /, *, blank, reduction, zero_infinity):
    check_ctc(logits, targets, input_lengths, target_lengths, blank, reduction)
    wide = logits if logits.dtype in (torch.float32, torch.float64) else logits.float()
    loss = _Losses.apply(wide, targets.long(), input_lengths.long(), target_lengths.long(), blank)
    if zero_infinity:
        loss = torch.where(loss == math.inf, 0.0, loss)
    if reduction != "none":
        loss = loss.mean() if reduction == "mean" else loss.sum()
    return loss.to(logits.dtype)


class _Losses(torch.autograd.Function):
    """The kernel, whose own derivative has no derivative, and the definition where one is asked for."""

    @staticmethod
    def forward(ctx, logits, targets, input_lengths, target_lengths, blank):
        with torch.enable_grad():
            inner = logits.detach().requires_grad_(logits.requires_grad)
            log = torch.log_softmax(inner, dim=2).transpose(0, 1)
            y = F.ctc_loss(log, targets, input_lengths, target_lengths, blank=blank, reduction="none")
        ctx.inner, ctx.y, ctx.blank = inner, y, blank
        y = y.detach()
        ctx.save_for_backward(logits, targets, input_lengths, target_lengths, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        logits, *labels, y = ctx.saved_tensors
        dx = None
        if not torch.is_grad_enabled():
            (dx,) = torch.autograd.grad(ctx.y, ctx.inner, dy, retain_graph=True)
            dx = torch.where((y == math.inf)[:, None, None], 0.0, dx)
        if dx is None or dx.isnan().any():  # as the kernel gives it where a logit is -inf
            dx = ctc_pullback.definition(dy, logits, *labels, blank=ctx.blank)
        return dx, None, None, None, None
