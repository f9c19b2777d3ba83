"""Normalization of examples with PyTorch's own kernels."""

import torch.nn.functional as F

from xdl.nn._layer_norm import check_layer_norm, layer_norm, rms_norm

from ._norms import alike, trailing


@layer_norm.method(
    "torch",
    when=lambda x, weight=None, bias=None, /, *, axis=-1, eps=1e-5: (
        alike(x, weight, bias) and trailing(x, axis)
    ),
)
def _(x, weight=None, bias=None, /, *, axis=-1, eps=1e-5):
    axes = check_layer_norm(x, weight, bias, axis, eps)
    shape = x.shape[x.ndim - len(axes) :]
    return F.layer_norm(x, shape, weight, bias, eps)


@rms_norm.method(
    "torch",
    when=lambda x, weight=None, /, *, axis=-1, eps=1e-5: alike(x, weight) and trailing(x, axis),
)
def _(x, weight=None, /, *, axis=-1, eps=1e-5):
    axes = check_layer_norm(x, weight, None, axis, eps)
    return F.rms_norm(x, x.shape[x.ndim - len(axes) :], weight, eps)
