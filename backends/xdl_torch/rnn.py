"""Recurrent networks with PyTorch's own kernels."""

import torch

from xdl.nn._rnn import check_rnn, rnn

from ._recurrence import can_run, run


@rnn.method(
    "torch",
    when=lambda x, h, w_x, w_h, b=None, lengths=None, /, *, activation, reverse: can_run(x, lengths),
)
def _(x, h, w_x, w_h, b=None, lengths=None, /, *, activation="tanh", reverse=False):
    check_rnn(x, h, w_x, w_h, b, lengths, activation)
    kernel = torch.rnn_tanh if activation == "tanh" else torch.rnn_relu
    return run(kernel, x, (h,), w_x, w_h, b, None, lengths, reverse)
