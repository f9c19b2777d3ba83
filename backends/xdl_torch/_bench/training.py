"""Networks, and steps of training with Adam, written by hand in PyTorch."""

import torch
import torch.nn.functional as F

from .inputs import compiled_for_shapes, put

RATE = 1e-3


def _mlp(parameters):
    layers = []
    for w, b in zip(parameters[::2], parameters[1::2], strict=True):
        layers += [_layer(torch.nn.Linear(*w.shape), w.T, b), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _layer(layer, w, b):
    layer.weight = torch.nn.Parameter(w.contiguous())
    layer.bias = torch.nn.Parameter(b.clone())
    return layer


def _lenet(parameters):
    """Images channels first, as everybody has them; the first affine map reads what was flattened that way."""
    w1, b1, w2, b2, w3, *rest = parameters
    first = w3.reshape(5, 5, 16, 120).permute(3, 2, 0, 1).reshape(120, 400)
    conv = lambda w, b, **options: _layer(
        torch.nn.Conv2d(w.shape[2], w.shape[3], 5, **options), w.permute(3, 2, 0, 1), b
    )
    ends = [torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
    return torch.nn.Sequential(
        *[conv(w1, b1, padding=2), *ends, conv(w2, b2), *ends],
        torch.nn.Flatten(),
        *[_layer(torch.nn.Linear(400, 120), first, rest[0]), torch.nn.ReLU()],
        *[_layer(torch.nn.Linear(120, 84), rest[1].T, rest[2]), torch.nn.ReLU()],
        _layer(torch.nn.Linear(84, 10), rest[3].T, rest[4]),
    )


def _training(make, part):
    def workload(arrays, device, compiled):
        arrays = put(arrays, device)
        x, labels = arrays["x"], arrays["labels"]
        x = x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x
        model = make(arrays["parameters"]).to(device)
        loss = lambda: F.cross_entropy(model(x), labels)
        loss = compiled_for_shapes(loss) if compiled else loss
        if part == "forward":

            def forward():
                with torch.no_grad():
                    return loss()

            return forward

        optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)

        def step():
            optimizer.zero_grad()
            value = loss()
            value.backward()
            if part == "step":
                optimizer.step()
            return value.detach()

        return step

    return workload


mlp_step, mlp_gradient, mlp_forward = (_training(_mlp, part) for part in ("step", "gradient", "forward"))
lenet_step, lenet_gradient, lenet_forward = (
    _training(_lenet, part) for part in ("step", "gradient", "forward")
)


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
