"""The workloads of ``xdl bench`` written by hand in PyTorch, as its own examples write them."""

import torch
import torch.nn.functional as F

RATE = 1e-3


def _put(arrays, device):
    """The inputs on the device."""

    def tensors(x):
        return [tensors(y) for y in x] if isinstance(x, list) else torch.tensor(x, device=device)

    kept = ("env", "agents", "size")
    return {name: x if name in kept else tensors(x) for name, x in arrays.items()}


def _compiled(f):
    """Compile for these shapes alone: after some sizes in one process torch would go on uncompiled, and not say so."""
    torch.compiler.reset()
    return torch.compile(f, dynamic=False)


# ---- networks ----


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
        arrays = _put(arrays, device)
        x, labels = arrays["x"], arrays["labels"]
        x = x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x
        model = make(arrays["parameters"]).to(device)
        loss = lambda: F.cross_entropy(model(x), labels)
        loss = _compiled(loss) if compiled else loss
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
    arrays = _put(arrays, device)
    w = torch.nn.Parameter(arrays["w"])
    w.grad = arrays["grad"]
    optimizer = torch.optim.Adam([w], RATE, fused=True)
    step = _compiled(optimizer.step) if compiled else optimizer.step

    def run():
        step()
        return w.detach()

    return run


# ---- layers ----


def _pullback(layer, *names, arranged=lambda arrays: arrays):
    def workload(arrays, device, compiled):
        arrays = arranged(_put(arrays, device))
        arguments, dy = [arrays[name].requires_grad_() for name in names], arrays["dy"]
        run = _compiled(layer) if compiled else layer
        return lambda: torch.autograd.grad(run(*arguments), arguments, dy)[0]

    return workload


def _channels_second(arrays):
    """Views of the images, which its format channels-last is."""
    x, dy = (arrays[name].permute(0, 3, 1, 2) for name in ("x", "dy"))
    w = arrays["w"].permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    return {"x": x, "w": w, "dy": dy}


def conv(arrays, device, compiled):
    run = _pullback(lambda x, w: F.conv2d(x, w, padding=1), "x", "w", arranged=_channels_second)
    thunk = run(arrays, device, compiled)
    return lambda: thunk().permute(0, 2, 3, 1)


attention = _pullback(F.scaled_dot_product_attention, "q", "k", "v")
softmax = _pullback(lambda x: torch.softmax(x, -1), "x")
layer_norm = _pullback(lambda x, scale, bias: F.layer_norm(x, (1024,), scale, bias), "x", "scale", "bias")


def lstm(arrays, device, compiled):
    arrays = _put(arrays, device)
    module = torch.nn.LSTM(64, 128, batch_first=True).to(device)
    with torch.no_grad():
        module.weight_ih_l0.copy_(arrays["w_x"].T)
        module.weight_hh_l0.copy_(arrays["w_h"].T)
        module.bias_ih_l0.copy_(arrays["b"])
        module.bias_hh_l0.zero_()
    x, dy = arrays["x"].requires_grad_(), arrays["dy"]
    arguments = [x, *module.parameters()]
    return lambda: torch.autograd.grad(module(x)[0], arguments, dy)[0]


# ---- regression and planning ----


def newton(arrays, device, compiled):
    arrays = _put(arrays, device)
    X, y = arrays["X"], arrays["y"]

    def run():
        w = torch.zeros(X.shape[1], device=device)
        while True:
            p = torch.sigmoid(X @ w)
            grad = X.T @ (p - y) / len(y)
            if grad.abs().max() <= 1e-4:
                return w
            w = w - torch.linalg.solve((X.T * (p * (1 - p) / len(y))) @ X, grad)

    return run


def lbfgs(arrays, device, compiled):
    arrays = _put(arrays, device)
    X, y = arrays["X"], arrays["y"]
    options = {"max_iter": 500, "history_size": 10, "line_search_fn": "strong_wolfe", "tolerance_change": 0}

    def run():
        w = torch.zeros(X.shape[1], device=device, requires_grad=True)
        method = torch.optim.LBFGS([w], tolerance_grad=1e-4, **options)

        def loss():
            method.zero_grad()
            value = F.binary_cross_entropy_with_logits(X @ w, y)
            value.backward()
            return value

        method.step(loss)
        return w.detach()

    return run


def value_iteration(arrays, device, compiled):
    arrays = _put(arrays, device)
    transition, reward, start = (arrays[name] for name in ("transition", "reward", "value"))

    def run():
        value = start
        for _ in range(20):
            value = (reward + 0.9 * (transition @ value)).amax(0)
        return value

    return run


# ---- costs ----


def random(arrays, device, compiled):
    return lambda: torch.randn(arrays["size"], device=device)


def tape(arrays, device, compiled):
    arrays = _put(arrays, device)
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
    x = _put(arrays, device)["x"]

    def run():
        y = x
        for _ in range(200):
            y = torch.relu(x)
        return y

    return run
