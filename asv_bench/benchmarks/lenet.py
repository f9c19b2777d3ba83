"""One training step of LeNet-5 on 64 images, Adam, float32, one thread: xdl on NumPy beside torch in its eager mode."""

from .mlp import repeated
from .pairs import in_turns, need, of_two_threads, ratio

BATCH = 64
RATE = 1e-3


def batch():
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.standard_normal((BATCH, 28, 28, 1)).astype(np.float32), rng.integers(0, 10, BATCH)


def by_xdl():
    import xdl
    from xdl import models, nn, optim

    with xdl.use_backend("numpy"):
        model = models.LeNet5(xdl.random.key(0))
    rule = optim.Adam(RATE)
    loss = lambda model, x, labels: nn.cross_entropy(model(x), labels)

    def step(model, state, x, labels):
        value, grads = xdl.value_and_grad(loss)(model, x, labels)
        model, state = optim.update(rule, model, grads, state, donate=True)
        return model, state, value

    return repeated(step, model, optim.init(rule, model), *batch())


def by_torch(memory_format="contiguous_format", **options):
    import torch

    torch.set_num_threads(1)
    memory_format = getattr(torch, memory_format)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 5, padding=2),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(6, 16, 5),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(400, 120),
        torch.nn.ReLU(),
        torch.nn.Linear(120, 84),
        torch.nn.ReLU(),
        torch.nn.Linear(84, 10),
    )
    for p in model.parameters():
        if p.ndim == 4:
            p.data = p.data.contiguous(memory_format=memory_format)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, **options)
    x, labels = map(torch.tensor, batch())
    x = x.permute(0, 3, 1, 2).contiguous(memory_format=memory_format)

    def run():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()

    return run


class LeNetStep:
    """The step by the tape, with donated updates, beside torch in either memory format."""

    timeout = 300

    def setup(self):
        need("torch")

    def track_ratio_to_torch(self):
        return ratio(by_xdl(), by_torch(), rounds=40, repeat=3)

    def track_ratio_to_torch_channels_last(self):
        return ratio(by_xdl(), by_torch("channels_last"), rounds=40, repeat=3)

    def track_milliseconds(self):
        return in_turns(by_xdl(), rounds=40, repeat=3)[0] * 1e3

    def track_two_threads(self):
        return of_two_threads(by_xdl())

    track_ratio_to_torch.unit = track_ratio_to_torch_channels_last.unit = track_two_threads.unit = "ratio"
    track_milliseconds.unit = "ms"
