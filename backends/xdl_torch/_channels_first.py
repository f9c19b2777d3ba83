"""Views of channels-last tensors for PyTorch's kernels, which have the channels first; nothing is copied."""

import torch

__all__ = ["channels_first", "channels_last"]


def channels_first(x):
    """View (n, *spatial, c) as (n, c, *spatial), with an axis of one row in front of a single spatial axis."""
    if x.ndim == 3:
        x = x.unsqueeze(1)
    return torch.movedim(x, -1, 1)


def channels_last(y, ndim):
    """Undo `channels_first` for a tensor that had ``ndim`` axes."""
    y = torch.movedim(y, 1, -1)
    return y.squeeze(1) if ndim == 3 else y
