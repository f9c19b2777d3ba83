"""Functions of networks with PyTorch's own kernels."""

import math

import torch
import torch.nn.functional as F

from xdl.nn._activations import gelu, relu, sigmoid, softplus
from xdl.nn._cross_entropy import check_cross_entropy, cross_entropy
from xdl.nn._erf import erfc
from xdl.nn._linear import check_linear, linear
from xdl.nn._losses import check_mse, mse
from xdl.nn._softmax import log_softmax, reduced_axes, softmax


def _integral(x):
    return not (x.is_floating_point() or x.is_complex() or x.dtype == torch.bool)


@linear.method("torch")
def _(x, w, b=None, /):
    check_linear(x, w, b)
    if b is not None and x.ndim == 2:
        return torch.addmm(b, x, w)
    y = torch.matmul(x, w)
    return y if b is None else y + b


@relu.method("torch")
def _(x, /):
    return F.relu(x)


@sigmoid.method("torch")
def _(x, /):
    return torch.sigmoid(x)


@softplus.method("torch")
def _(x, /):
    # from 40 on the logarithm is less than half a unit in the last place of float64; the default is 20
    return F.softplus(x, threshold=40.0)


@gelu.method("torch")
def _(x, /, *, approximate):
    return F.gelu(x, approximate="tanh" if approximate else "none")


@erfc.method("torch")
def _(x, /):
    return torch.erfc(x)


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


@mse.method("torch")
def _(prediction, target, /, *, reduction):
    check_mse(prediction, target, reduction)
    if prediction.dtype in (torch.float32, torch.float64):
        return F.mse_loss(prediction, target.to(prediction.dtype), reduction=reduction)
    return F.mse_loss(prediction.float(), target.float(), reduction=reduction).to(prediction.dtype)
