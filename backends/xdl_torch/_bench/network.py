"""A module's loss, its gradient, and a step of training with Adam."""

import torch
import torch.nn.functional as F

from .inputs import compiled_for_shapes, put

RATE = 1e-3


def workloads(make, loss=F.cross_entropy):
    """Its step, gradient and forward pass."""
    return tuple(_training(make, loss, part) for part in ("step", "gradient", "forward"))


def layer_of(layer, weight, bias=None):
    """The layer with these parameters."""
    layer.weight = torch.nn.Parameter(weight.contiguous())
    if bias is not None:
        layer.bias = torch.nn.Parameter(bias.clone())
    return layer


def kernel_of(w):
    """Kernel in torch's order of axes."""
    return w.permute(3, 2, 0, 1)


def _training(make, loss, part):
    def workload(arrays, device, compiled):
        arrays = put(arrays, device)
        x, target = arrays["x"], arrays["target"]
        x = x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x
        model = make(arrays["parameters"]).to(device)
        run = lambda: loss(model(x), target)
        run = compiled_for_shapes(run) if compiled else run
        if part == "forward":

            def forward():
                with torch.no_grad():
                    return run()

            return forward

        optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)

        def step():
            optimizer.zero_grad()
            value = run()
            value.backward()
            if part == "step":
                optimizer.step()
            return value.detach()

        return step

    return workload
