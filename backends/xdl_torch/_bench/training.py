"""Networks, and steps of training with Adam, written by hand in PyTorch."""

import torch

from .inputs import compiled_for_shapes, put
from .network import RATE, kernel_of, layer_of, workloads


def _mlp(parameters):
    layers = []
    for w, b in zip(parameters[::2], parameters[1::2], strict=True):
        layers += [layer_of(torch.nn.Linear(*w.shape), w.T, b), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _lenet(parameters):
    """Images channels first, as everybody has them; the first affine map reads what was flattened that way."""
    w1, b1, w2, b2, w3, *rest = parameters
    first = w3.reshape(5, 5, 16, 120).permute(3, 2, 0, 1).reshape(120, 400)
    conv = lambda w, b, **options: layer_of(
        torch.nn.Conv2d(w.shape[2], w.shape[3], 5, **options), kernel_of(w), b
    )
    ends = [torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
    return torch.nn.Sequential(
        *[conv(w1, b1, padding=2), *ends, conv(w2, b2), *ends],
        torch.nn.Flatten(),
        *[layer_of(torch.nn.Linear(400, 120), first, rest[0]), torch.nn.ReLU()],
        *[layer_of(torch.nn.Linear(120, 84), rest[1].T, rest[2]), torch.nn.ReLU()],
        layer_of(torch.nn.Linear(84, 10), rest[3].T, rest[4]),
    )


mlp_step, mlp_gradient, mlp_forward = workloads(_mlp)
lenet_step, lenet_gradient, lenet_forward = workloads(_lenet)


def adam(arrays, device, compiled):
    arrays = put(arrays, device)
    w = torch.nn.Parameter(arrays["w"])
    w.grad = arrays["grad"]
    optimizer = torch.optim.Adam([w], RATE, fused=True)
    step = compiled_for_shapes(optimizer.step) if compiled else optimizer.step

    def run():
        step()
        return w.detach()

    return run
