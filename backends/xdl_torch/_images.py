"""Arrays with channels last as PyTorch's kernels take them: the permuted views are its own channels-last format.

A sequence (n, t, c) passes as an image of height 1: PyTorch would copy it, because its format has no sequences.
"""

import torch
import torch.nn.functional as F

from ._leaves import transforming

__all__ = [
    "FLOATING",
    "crop",
    "images",
    "kernels",
    "like_arrays",
    "like_kernels",
    "movement",
    "pad",
    "transposed",
]

FLOATING = {torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.complex128}
TRANSPOSED = {4: F.conv_transpose2d, 5: F.conv_transpose3d}


def images(x):
    """View (n, *spatial, c) as (n, c, *spatial)."""
    if x.ndim == 3:
        x = x.unsqueeze(1)
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x.permute(0, 4, 1, 2, 3)


def like_arrays(y, ndim):
    """Undo `images`, for ``ndim`` spatial axes."""
    y = y.permute(0, 2, 3, 1) if y.ndim == 4 else y.permute(0, 2, 3, 4, 1)
    return y.squeeze(1) if ndim == 1 else y


def kernels(w):
    """View (*kernel, c, d) as (d, c, *kernel)."""
    if w.ndim == 3:
        w = w.unsqueeze(0)
    v = w.permute(3, 2, 0, 1) if w.ndim == 4 else w.permute(4, 3, 0, 1, 2)
    # with one channel PyTorch mistakes the view for another format, and its backward pass fails in float64
    if 1 in w.shape[-2:]:
        return v.contiguous()
    if v.ndim == 5 or transforming():  # torch.func.vmap knows no such format
        return v
    return v.contiguous(
        memory_format=torch.channels_last
    )  # which the kernels would copy forward and backward


def like_kernels(w, ndim):
    """Undo `kernels`, for ``ndim`` spatial axes."""
    w = w.permute(2, 3, 1, 0) if w.ndim == 4 else w.permute(2, 3, 4, 1, 0)
    return w.squeeze(0) if ndim == 1 else w


def movement(g):
    """Stride, padding and dilation of a geometry, and whether the padding is the same on both sides."""
    (before, after), stride, dilation = zip(*g.padding, strict=True), g.stride, g.dilation
    if len(stride) == 1:
        return (1, *stride), (0, *before), (1, *dilation), before == after
    return stride, before, dilation, before == after


def pad(x, padding):
    """Put zeros around the spatial axes of (n, *spatial, c)."""
    return F.pad(x, (0, 0, *[n for pair in reversed(padding) for n in pair]))


def crop(x, g):
    """Undo `pad`, and cut off what no window reaches."""
    for axis, ((before, _), n) in enumerate(zip(g.padding, g.spatial, strict=True), 1):
        x = x.narrow(axis, before, n)
    return x


def transposed(y, w, b, g):
    """Transpose of a convolution, with a bias."""
    stride, padding, dilation, even = movement(g)
    ndim = y.ndim - 2
    rest = (0, *g.remainder) if ndim == 1 else g.remainder
    y = images(y)
    x = TRANSPOSED[y.ndim](y, kernels(w), b, stride, padding if even else 0, rest, g.groups, dilation)
    x = like_arrays(x, ndim)
    return x if even else crop(x, g)
