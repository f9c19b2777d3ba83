"""Random numbers, a chain of operations and calls, written by hand in PyTorch."""

import torch

from .inputs import put


def random(arrays, device, compiled):
    return lambda: torch.randn(arrays["size"], device=device)


def tape(arrays, device, compiled):
    arrays = put(arrays, device)
    arguments = [arrays[name].requires_grad_() for name in ("x", "w", "b")]

    def run():
        x, w, b = arguments
        for _ in range(50):
            x = x * w
            x = x + b
            x = x * 0.999
            x = x - w
        value = x.sum()
        torch.autograd.grad(value, arguments)
        return value.detach()

    return run


def call(arrays, device, compiled):
    x = put(arrays, device)["x"]

    def run():
        y = x
        for _ in range(200):
            y = torch.relu(x)
        return y

    return run
