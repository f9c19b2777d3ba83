"""Rows at places known beforehand with PyTorch."""

import torch

from xdl.nn._picked_rows import pick_rows, sum_rows


@pick_rows.method("torch")
def _(x, /, *, axis, places):
    return x.index_select(axis, torch.tensor(places, dtype=torch.int64, device=x.device))


@sum_rows.method("torch")
def _(y, /, *, axis, places, size):
    x = y.new_zeros((*y.shape[:axis], size, *y.shape[axis + 1 :]))
    return x.index_add(axis, torch.tensor(places, dtype=torch.int64, device=y.device), y)
