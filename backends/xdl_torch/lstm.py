"""Long short-term memory with PyTorch's own kernels."""

import torch

from xdl.nn._lstm import check_lstm, lstm

from ._recurrence import can_run, run


@lstm.method("torch", when=lambda x, h, c, w_x, w_h, b=None, lengths=None, /, *, reverse: can_run(x, lengths))
def _(x, h, c, w_x, w_h, b=None, lengths=None, /, *, reverse=False):
    check_lstm(x, h, c, w_x, w_h, b, lengths)
    return run(torch.lstm, x, (h, c), w_x, w_h, b, None, lengths, reverse)
