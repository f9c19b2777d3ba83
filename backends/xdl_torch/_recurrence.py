"""Recurrences by PyTorch's own kernels, which stand behind its modules."""

import contextlib
from typing import Any

import torch
from torch.autograd import forward_ad

from xdl.nn._sequences import reverse_sequence

from ._leaves import transforming

__all__ = ["can_run", "run"]


def can_run(x, lengths):
    """Whether the kernels take the call: they know neither forward mode nor torch.func.vmap.

    Lengths are read on the host, as by torch.nn.utils.rnn.pack_padded_sequence; a graph cannot.
    """
    if torch.compiler.is_dynamo_compiling():
        return x.numel() > 0 and lengths is None and not x.is_cuda
    return x.numel() > 0 and not transforming() and forward_ad._current_level < 0


def run(kernel, x, states, w_x, w_h, b, b_h, lengths, reverse):
    """Outputs and last states of ``kernel``, torch.lstm or the like; ``b_h`` is a bias of the product with the state."""
    zeros = x.new_zeros((x.shape[0], w_h.shape[0]))
    states = [zeros if h is None else h for h in states]
    weights = [w_x.T, w_h.T]
    biased = b is not None or b_h is not None
    if biased:
        none = w_x.new_zeros(w_x.shape[1])
        weights += [none if bias is None else bias for bias in (b, b_h)]
    if reverse:
        x = reverse_sequence(x, lengths)
    with _second_derivatives(x):
        if lengths is None:
            y, *last = _call(kernel, x, states, weights, biased)
        else:
            y, *last = _packed(kernel, x, states, weights, biased, lengths)
    return (reverse_sequence(y, lengths) if reverse else y), *last


def _second_derivatives(x):
    # cuDNN's backward pass has no derivative
    return torch.backends.cudnn.flags(enabled=False) if x.is_cuda else contextlib.nullcontext()


def _call(kernel, x, states, weights, biased):
    hx: Any = tuple([h[None] for h in states])
    y, *last = kernel(
        x, hx if len(hx) > 1 else hx[0], weights, biased, 1, 0.0, torch.is_grad_enabled(), False, True
    )
    return y, *[h[0] for h in last]


def _packed(kernel, x, states, weights, biased, lengths):
    """Let each step have the sequences that still run, the longest first; those without a step are left out."""
    n, t = x.shape[:2]
    lengths = torch.clamp(lengths.to(torch.int64), 0, t)
    order = torch.argsort(lengths, descending=True, stable=True)
    active = torch.arange(t, device=x.device)[:, None] < lengths[order]
    sizes = active.sum(1).cpu()
    sizes = sizes[sizes > 0]
    y = x.new_zeros((t, n, weights[1].shape[1]))
    if not len(sizes):
        return y.transpose(0, 1), *states
    k = int(sizes[0])
    states = [h[order] for h in states]
    hx: Any = tuple([h[None, :k] for h in states])
    data = x[order].transpose(0, 1)[active]
    rows, *last = kernel(
        data, sizes, hx if len(hx) > 1 else hx[0], weights, biased, 1, 0.0, torch.is_grad_enabled(), False
    )
    back = torch.argsort(order)
    y = y.masked_scatter(active[..., None], rows)[:, back].transpose(0, 1)
    return y, *[torch.cat([h[0], old[k:]])[back] for h, old in zip(last, states, strict=True)]
