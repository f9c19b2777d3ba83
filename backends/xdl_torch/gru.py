"""Gated recurrent units with PyTorch's own kernels, which reset after the product."""

import torch

from xdl.nn._gru import check_gru, gru

from ._recurrence import can_run, run


def _serves(x, h, w_x, w_h, b=None, b_h=None, lengths=None, /, *, reset, reverse):
    return reset == "after" and can_run(x, lengths)


@gru.method("torch", when=_serves)
def _(x, h, w_x, w_h, b=None, b_h=None, lengths=None, /, *, reset="before", reverse=False):
    check_gru(x, h, w_x, w_h, b, b_h, lengths, reset)
    if b_h is not None:
        b_h = torch.cat([b_h.new_zeros(2 * len(b_h)), b_h])
    return run(torch.gru, x, (h,), w_x, w_h, b, b_h, lengths, reverse)
