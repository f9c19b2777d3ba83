"""Sums of products by PyTorch's own einsum, after the checks: it broadcasts any axis of length 1."""

import array_api_compat.torch as xp
import torch

from xdl.nn._einsum import check_kinds, contract, listed
from xdl.nn._subscripts import spelled


@contract.method("torch", when=lambda a, b, rest, /, *, subscripts, optimize: optimize == "auto")
def _(a, b, rest, /, *, subscripts, optimize):
    operands = listed(a, b, rest)
    check_kinds(xp, operands)
    text, shapes = _read(subscripts, tuple([tuple([int(n) for n in x.shape]) for x in operands]))
    y = torch.einsum(text, *[x.reshape(shape) for x, shape in zip(operands, shapes, strict=True)])
    return y.to(operands[0].dtype)  # a sum of integers is one of int64


@torch.compiler.assume_constant_result  # a compiler need not follow how a string is read
def _read(subscripts, shapes):
    return spelled(subscripts, shapes)
