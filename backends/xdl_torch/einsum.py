"""Sums of products by PyTorch's own einsum, after the checks: it broadcasts any axis of length 1."""

import array_api_compat.torch as xp
import torch

from xdl.nn._einsum import check_einsum, contract
from xdl.nn._subscripts import spelled


@contract.method("torch", when=lambda operands, /, *, subscripts, optimize: optimize == "auto")
def _(operands, /, *, subscripts, optimize):
    check_einsum(xp, operands, subscripts, optimize)
    text, shapes = spelled(subscripts, tuple([tuple(x.shape) for x in operands]))
    return torch.einsum(text, *[x.reshape(shape) for x, shape in zip(operands, shapes, strict=True)])
