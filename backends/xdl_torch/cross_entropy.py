"""Cross-entropy with PyTorch's own kernels."""

import math

import torch
import torch.nn.functional as F

from xdl.nn._cross_entropy import check_cross_entropy, cross_entropy


def _integral(x):
    return not (x.is_floating_point() or x.is_complex() or x.dtype == torch.bool)


@cross_entropy.method(
    "torch", when=lambda logits, labels, /, **options: _integral(labels) and logits.numel() > 0
)
def _(logits, labels, /, *, reduction, axis, label_smoothing):
    axis = check_cross_entropy(logits, labels, False, reduction, axis, label_smoothing)
    classes = labels.long()
    known = classes.clamp(0, logits.shape[axis] - 1)
    wide = logits if logits.dtype in (torch.float32, torch.float64) else logits.float()
    loss = F.cross_entropy(
        wide.movedim(axis, 1) if wide.ndim > 1 and axis != 1 else wide,
        known,
        reduction="none",
        label_smoothing=label_smoothing,
    )
    loss = torch.where(known == classes, loss, math.nan)
    if reduction != "none":
        loss = loss.mean() if reduction == "mean" else loss.sum()
    return loss.to(logits.dtype)
