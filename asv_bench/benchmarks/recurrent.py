"""Recurrences along sequences, forward and backward: 64 steps, batch 32, 64 inputs, 128 hidden, float32, one thread.

xdl on NumPy beside the modules of torch; a loop in Python as a user writes it, by the tape beside torch's autograd;
xdl on torch and on JAX beside the same written by hand in each.
"""

from .pairs import in_turns, need, ratio

T, N, N_IN, M = 64, 32, 64, 128
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


def arrays(kind):
    """Sequences, weights of input and state, bias, and the cotangent of the outputs."""
    import numpy as np

    rng = np.random.default_rng(0)
    columns = GATES[kind] * M
    shapes = ((N, T, N_IN), (N_IN, columns), (M, columns), (columns,), (N, T, M))
    scales = (1.0, 0.1, 0.1, 0.1, 1.0)
    return [
        (s * rng.standard_normal(shape)).astype(np.float32) for s, shape in zip(scales, shapes, strict=True)
    ]


def outputs(kind):
    """The same function for every backend, of sequences and parameters."""
    from xdl import nn

    return {
        "RNN": lambda x, w_x, w_h, b: nn.rnn(x, None, w_x, w_h, b)[0],
        "LSTM": lambda x, w_x, w_h, b: nn.lstm(x, None, None, w_x, w_h, b)[0],
        "GRU": lambda x, w_x, w_h, b: nn.gru(x, None, w_x, w_h, b, b[:M], reset="after")[0],
    }[kind]


def by_numpy(kind):
    import xdl

    *args, dy = arrays(kind)

    def step():
        _, pullback = xdl.vjp(outputs(kind), *args)
        return pullback(dy)

    return step


def by_module(kind):
    import torch

    torch.set_num_threads(1)
    x, _, _, _, dy = map(torch.tensor, arrays(kind))
    module = getattr(torch.nn, kind)(N_IN, M, batch_first=True)
    x.requires_grad_()

    def step():
        x.grad = None
        module.zero_grad()
        module(x)[0].backward(dy)

    return step


def by_torch(kind):
    import torch

    torch.set_num_threads(1)
    *args, dy = map(torch.tensor, arrays(kind))
    args = [a.requires_grad_() for a in args]
    f = outputs(kind)

    def step():
        for a in args:
            a.grad = None
        f(*args).backward(dy)

    return step


class Modules:
    """Fused recurrences beside torch.nn's."""

    timeout = 300
    params = tuple(GATES)

    def setup(self, kind):
        need("torch")

    def track_numpy_to_torch(self, kind):
        return ratio(by_numpy(kind), by_module(kind), rounds=30)

    track_numpy_to_torch.unit = "ratio"

    def track_torch_to_its_module(self, kind):
        return ratio(by_torch(kind), by_module(kind), rounds=30)

    track_torch_to_its_module.unit = "ratio"

    def track_milliseconds(self, kind):
        return in_turns(by_numpy(kind), rounds=30)[0] * 1e3

    track_milliseconds.unit = "ms"


# ---- a loop as a user writes it ----


def loop(xp, sigmoid, x, w_x, w_h, b):
    """Long short-term memory, one step after the other."""
    h = c = xp.zeros((N, M), dtype=x.dtype)
    total = 0.0
    for s in range(T):
        z = x[:, s, :] @ w_x + h @ w_h + b
        i, f, o = sigmoid(z[:, :M]), sigmoid(z[:, M : 2 * M]), sigmoid(z[:, 3 * M :])
        c = f * c + i * xp.tanh(z[:, 2 * M : 3 * M])
        h = o * xp.tanh(c)
        total = total + xp.sum(h * h)
    return total


def loop_by_numpy(active):
    import xdl
    from xdl import nn

    args = arrays("LSTM")[:4]
    step = xdl.value_and_grad(lambda *a: loop(xdl.array_namespace(*a), nn.sigmoid, *a), active)
    return lambda: step(*args)


def loop_by_torch(active):
    import torch

    torch.set_num_threads(1)
    args = [torch.tensor(a) for a in arrays("LSTM")[:4]]
    leaves = [args[k].requires_grad_() for k in active]

    def step():
        for a in leaves:
            a.grad = None
        loop(torch, torch.sigmoid, *args).backward()

    return step


class Loop:
    """The loop by the tape, beside torch's autograd."""

    timeout = 300

    def setup(self):
        need("torch")

    def track_parameters(self):
        return ratio(loop_by_numpy((1, 2, 3)), loop_by_torch((1, 2, 3)), rounds=20)

    track_parameters.unit = "ratio"

    def track_parameters_and_data(self):
        return ratio(loop_by_numpy((0, 1, 2, 3)), loop_by_torch((0, 1, 2, 3)), rounds=20)

    track_parameters_and_data.unit = "ratio"


# ---- JAX, by hand ----


def scan(x, w_x, w_h, b):
    """Long short-term memory with the products of the input taken before the loop."""
    import jax
    import jax.numpy as jnp

    def step(state, z):
        h, c = state
        i, f, g, o = jnp.split(z + h @ w_h, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[0], w_h.shape[0]), x.dtype)
    _, y = jax.lax.scan(step, (zeros, zeros), jnp.moveaxis(x, 1, 0) @ w_x + b)
    return jnp.moveaxis(y, 0, 1)


def by_jax(f):
    import jax
    import jax.numpy as jnp

    *args, dy = map(jnp.asarray, arrays("LSTM"))
    step = jax.jit(jax.grad(lambda *a: jnp.sum(f(*a) * dy), (0, 1, 2, 3)))
    return lambda: jax.block_until_ready(step(*args))


class Scan:
    """The compiled recurrence on JAX, beside a scan by hand."""

    timeout = 300

    def setup(self):
        need("jax")

    def track_jax_to_a_scan(self):
        return ratio(by_jax(outputs("LSTM")), by_jax(scan), rounds=30)

    track_jax_to_a_scan.unit = "ratio"
