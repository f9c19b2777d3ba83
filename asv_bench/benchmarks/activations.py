"""Activations and their gradients: NumPy beside PyTorch, and the methods of PyTorch and JAX beside the functions themselves."""

import functools

from .pairs import in_turns, need, ratio

NAMES = ["relu", "sigmoid", "tanh", "silu", "gelu", "softplus", "elu", "mish"]
SIZES = [65_536, 8_000_000]


def native_torch(name):
    import torch
    import torch.nn.functional as F

    own = {
        "gelu": lambda x: F.gelu(x, approximate="tanh"),
        "softplus": lambda x: F.softplus(x, threshold=40.0),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
    }
    return own.get(name) or getattr(F, name)


ARRAYS = 8  # in a call, so that what a transform costs by itself is a small part


def draw(size):
    """Arguments and cotangents."""
    import numpy as np

    count = ARRAYS if size < 1_000_000 else 1
    return np.random.default_rng(0).standard_normal((2, count, size), dtype=np.float32)


def rounds(size):
    return {"rounds": 60 if size < 1_000_000 else 11}


def numpy_side(name, size, backward):
    import xdl
    from xdl import nn

    f, (xs, dys) = getattr(nn, name), (list(part) for part in draw(size))
    if not backward:
        return lambda: [f(x) for x in xs]
    return lambda: xdl.vjp(lambda xs: [f(x) for x in xs], xs)[1](dys)


def torch_side(f, size, backward):
    import torch

    torch.set_num_threads(1)
    xs, dys = (list(torch.from_numpy(part)) for part in draw(size))
    if not backward:
        return lambda: [f(x) for x in xs]

    def run():
        leaves = [x.detach().requires_grad_() for x in xs]
        return torch.autograd.grad([f(x) for x in leaves], leaves, dys)

    return run


class NumPy:
    """Time on NumPy by that of torch eager."""

    params = (NAMES, SIZES)
    param_names = ("name", "size")
    timeout = 600

    def setup(self, name, size):
        need("torch")

    def track_forward(self, name, size):
        return ratio(
            numpy_side(name, size, False), torch_side(native_torch(name), size, False), **rounds(size)
        )

    def track_forward_and_gradient(self, name, size):
        return ratio(numpy_side(name, size, True), torch_side(native_torch(name), size, True), **rounds(size))

    def track_nanoseconds_per_entry(self, name, size):
        return in_turns(numpy_side(name, size, True), **rounds(size))[0] / draw(size)[0].size * 1e9


class Methods:
    """Time through xdl by that of the library's own function."""

    params = NAMES
    param_names = ("name",)
    timeout = 600

    def track_torch(self, name):
        need("torch")
        from xdl import nn

        ours, theirs = (torch_side(f, SIZES[0], True) for f in (getattr(nn, name), native_torch(name)))
        return ratio(ours, theirs, rounds=100)

    def track_jax_compiled(self, name):
        need("jax")
        import jax
        import jax.numpy as jnp

        from xdl import nn

        x, dy = jnp.asarray(draw(SIZES[0]))
        native = {"tanh": jnp.tanh}.get(name) or getattr(jax.nn, name)

        def step(f):
            compiled = jax.jit(lambda x, dy: jax.vjp(f, x)[1](dy))
            return lambda: jax.block_until_ready(compiled(x, dy))

        return ratio(step(functools.partial(getattr(nn, name))), step(native), rounds=100)


for _track in (
    NumPy.track_forward,
    NumPy.track_forward_and_gradient,
    Methods.track_torch,
    Methods.track_jax_compiled,
):
    _track.unit = "ratio"
NumPy.track_nanoseconds_per_entry.unit = "ns"
