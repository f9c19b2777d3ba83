"""What the tape costs per operation, forward and backward, on arrays of 16 elements."""

from .pairs import in_turns, need, ratio

OPERATIONS = 1000


def chain(x, w, b):
    for _ in range(OPERATIONS // 4):
        x = x * w
        x = x + b
        x = x * 0.999
        x = x - w
    return x


def arrays():
    import numpy as np

    rng = np.random.default_rng(0)
    draw = lambda mean, scale: (mean + scale * rng.standard_normal(16)).astype(np.float32)
    return draw(0, 1), draw(1, 1e-3), draw(0, 1e-3)


def by_xdl():
    import xdl

    args = arrays()
    step = xdl.value_and_grad(lambda x, w, b: xdl.array_namespace(x).sum(chain(x, w, b)), (0, 1, 2))
    return lambda: step(*args)


def by_torch():
    import torch

    torch.set_num_threads(1)
    args = [torch.tensor(x, requires_grad=True) for x in arrays()]

    def step():
        for x in args:
            x.grad = None
        chain(*args).sum().backward()

    return step


def by_autograd():
    import autograd
    import autograd.numpy as anp

    args = arrays()
    step = autograd.grad(lambda args: anp.sum(chain(*args)))
    return lambda: step(args)


class Tape:
    """Chain of 1000 operations: multiplications and additions by arrays and numbers."""

    timeout = 300

    def setup(self):
        need("torch")

    def track_ratio_to_torch_backward(self):
        return ratio(by_xdl(), by_torch(), rounds=60)

    track_ratio_to_torch_backward.unit = "ratio"

    def track_microseconds_per_operation(self):
        return in_turns(by_xdl(), rounds=60)[0] / OPERATIONS * 1e6

    track_microseconds_per_operation.unit = "us"


class TapePeers:
    """The same chain by HIPS/autograd."""

    timeout = 300

    def setup(self):
        need("torch", "autograd")

    def track_autograd_to_torch_backward(self):
        return ratio(by_autograd(), by_torch(), rounds=30)

    track_autograd_to_torch_backward.unit = "ratio"
