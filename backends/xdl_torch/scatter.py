"""Sums of rows that share an index, by PyTorch's ``index_add``."""

import array_api_compat.torch as xp
import torch

from xdl.autodiff import scatter_add
from xdl.autodiff._scatter import check_scatter


@scatter_add.method("torch")
def _(values, index, /, *, size):
    rows, places = check_scatter(xp, values, index, size)
    wide = rows.float() if rows.dtype in (torch.float16, torch.bfloat16) else rows
    # one more row takes what is outside; a look at the values would be a wait for the device
    places = torch.where((places < 0) | (places > size), size, places)
    y = wide.new_zeros((size + 1, *rows.shape[1:])).index_add(0, places, wide)[:size]
    return y.to(rows.dtype)
