"""Cross-entropy with PyTorch's own kernels."""

import math

import torch
import torch.nn.functional as F

from xdl.nn._cross_entropy import check_cross_entropy, cross_entropy

from ._jit import tracing
from ._leaves import transforming


def _integral(x):
    return not (x.is_floating_point() or x.is_complex() or x.dtype == torch.bool)


@cross_entropy.method(
    "torch", when=lambda logits, labels, /, **options: _integral(labels) and logits.numel() > 0
)
def _(logits, labels, /, *, reduction, axis, label_smoothing):
    axis = check_cross_entropy(logits, labels, False, reduction, axis, label_smoothing)
    classes = labels if labels.dtype == torch.int64 else labels.long()
    wide = logits if logits.dtype in (torch.float32, torch.float64) else logits.float()
    wide = wide.movedim(axis, 1) if wide.ndim > 1 and axis != 1 else wide
    if _all_are_classes(classes, logits.shape[axis]):
        loss = F.cross_entropy(wide, classes, reduction=reduction, label_smoothing=label_smoothing)
        return loss if loss.dtype == logits.dtype else loss.to(logits.dtype)
    known = classes.clamp(0, logits.shape[axis] - 1)
    loss = F.cross_entropy(wide, known, reduction="none", label_smoothing=label_smoothing)
    loss = torch.where(known == classes, loss, math.nan)
    if reduction != "none":
        loss = loss.mean() if reduction == "mean" else loss.sum()
    return loss.to(logits.dtype)


def _all_are_classes(labels, n):
    """Whether each label is known to be one of ``n``: by their values, where those can be had for nothing."""
    if type(labels) is not torch.Tensor or labels.device.type != "cpu" or transforming() or tracing():
        return False
    low, high = labels.aminmax()
    return low.item() >= 0 and high.item() < n
