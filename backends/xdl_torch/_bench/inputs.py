"""Inputs as tensors, and how functions of them are compiled."""

import torch


def put(arrays, device):
    """The inputs on the device."""

    def tensors(x):
        return [tensors(y) for y in x] if isinstance(x, list) else torch.tensor(x, device=device)

    kept = ("env", "agents", "size")
    return {name: x if name in kept else tensors(x) for name, x in arrays.items()}


def compiled_for_shapes(f):
    """Compile for these shapes alone: after some sizes in one process torch would go on uncompiled, and not say so."""
    torch.compiler.reset()
    return torch.compile(f, dynamic=False)
