"""Normalization in groups of channels with PyTorch's own kernel."""

import torch.nn.functional as F

from xdl.nn._group_norm import check_group_norm, group_norm

from ._norms import alike


@group_norm.method(
    "torch",
    # of a single number the kernel makes scale * x + (bias - scale * x), which is not quite the bias
    when=lambda x, weight=None, bias=None, /, *, groups, eps=1e-5: (
        alike(x, weight, bias) and x.ndim > 1 and x.numel() > x.shape[0] * groups
    ),
)
def _(x, weight=None, bias=None, /, *, groups, eps=1e-5):
    check_group_norm(x, weight, bias, groups, eps)
    # channels last as a view: the kernel takes its memory as it is
    return F.group_norm(x.movedim(-1, 1), groups, weight, bias, eps).movedim(1, -1)
