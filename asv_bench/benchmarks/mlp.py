"""One training step of a multilayer perceptron, 784-256-128-10, batch 128, Adam, float32, one thread.

xdl on NumPy beside torch; xdl on torch and on JAX beside the same step written by hand in each.
"""

import itertools

from .pairs import in_turns, need, ratio

SIZES = (784, 256, 128, 10)
BATCH = 128
RATE = 1e-3


def batch():
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.standard_normal((BATCH, SIZES[0])).astype(np.float32), rng.integers(0, SIZES[-1], BATCH)


def parameters():
    """Weights and biases, as pairs of NumPy arrays."""
    import numpy as np

    rng = np.random.default_rng(1)
    pairs = itertools.pairwise(SIZES)
    return [
        (rng.normal(0, (2 / n) ** 0.5, (n, m)).astype(np.float32), np.zeros(m, np.float32)) for n, m in pairs
    ]


def loss(model, x, labels):
    from xdl import nn

    return nn.cross_entropy(model(x), labels)


def xdl_step(name, *, donate=True):
    """One program for every backend: ``step(model, state, x, labels)`` and its arguments."""
    import xdl
    from xdl import models, optim

    with xdl.use_backend(name) as b:
        model = models.MLP(xdl.random.key(0), SIZES)
        x, labels = map(b.asarray, batch())
    rule = optim.Adam(RATE)
    state = optim.init(rule, model)

    def step(model, state, x, labels):
        value, grads = xdl.value_and_grad(loss)(model, x, labels)
        model, state = optim.update(rule, model, grads, state, donate=donate)
        return model, state, value

    return step, model, state, x, labels


def repeated(step, model, state, x, labels, wait=lambda value: None):
    """Thunk that goes on training, one step a call."""
    held = [model, state]

    def run():
        held[0], held[1], value = step(held[0], held[1], x, labels)
        wait(value)

    return run


def by_xdl(name):
    return repeated(*xdl_step(name))


# ---- torch, by hand ----


def torch_eager(**options):
    import torch

    torch.set_num_threads(1)
    layers = []
    for i, (w, b) in enumerate(parameters()):
        layer = torch.nn.Linear(*w.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(w.T))
            layer.bias.copy_(torch.tensor(b))
        layers += [layer] if i == len(SIZES) - 2 else [layer, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, **options)
    x, labels = map(torch.tensor, batch())

    def run():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()

    return run


def torch_pure_step(params, moments, x, labels):
    """Adam written out, for the compiler: no optimizer object, no state but the arguments."""
    import torch

    def loss(params):
        h = x
        for w, b in params[:-1]:
            h = torch.relu(torch.addmm(b, h, w))
        w, b = params[-1]
        return torch.nn.functional.cross_entropy(torch.addmm(b, h, w), labels)

    grads, value = torch.func.grad_and_value(loss)(params)
    m, v, t = moments
    t = t + 1
    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    new_params, new_m, new_v = [], [], []
    for p, g, mp, vp in zip(params, grads, m, v, strict=True):
        mp = [0.9 * a + 0.1 * b for a, b in zip(mp, g, strict=True)]
        vp = [0.999 * a + 0.001 * b * b for a, b in zip(vp, g, strict=True)]
        new_params.append(tuple(
            x - RATE * (a / c1) / (torch.sqrt(b / c2) + 1e-8) for x, a, b in zip(p, mp, vp, strict=True)
        ))  # fmt: skip
        new_m.append(mp)
        new_v.append(vp)
    return new_params, (new_m, new_v, t), value


def torch_compiled():
    import torch

    torch.set_num_threads(1)
    params = [tuple(map(torch.tensor, pair)) for pair in parameters()]
    zeros = [[torch.zeros_like(a) for a in pair] for pair in params]
    moments = (zeros, [[a.clone() for a in pair] for pair in zeros], torch.zeros(()))
    x, labels = map(torch.tensor, batch())
    return repeated(torch.compile(torch_pure_step, fullgraph=True), params, moments, x, labels)


def xdl_compiled():
    import torch

    torch.set_num_threads(1)
    step, *args = xdl_step("torch", donate=False)
    return repeated(torch.compile(step, fullgraph=True), *args)


def xdl_jitted():
    import torch

    import xdl

    torch.set_num_threads(1)
    step, *args = xdl_step("torch", donate=False)
    return repeated(xdl.jit(step), *args)


# ---- JAX, by hand ----


def jax_by_hand():
    import jax
    import jax.numpy as jnp
    import optax

    params = [tuple(map(jnp.asarray, pair)) for pair in parameters()]
    optimizer = optax.adam(RATE)
    x, labels = map(jnp.asarray, batch())

    def loss(params, x, labels):
        for w, b in params[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = params[-1]
        return optax.softmax_cross_entropy_with_integer_labels(x @ w + b, labels).mean()

    def step(params, state, x, labels):
        value, grads = jax.value_and_grad(loss)(params, x, labels)
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state, value

    compiled = jax.jit(step, donate_argnums=(0, 1))
    return repeated(compiled, params, optimizer.init(params), x, labels, jax.block_until_ready)


def xdl_on_jax():
    import jax

    import xdl

    step, *args = xdl_step("jax")
    return repeated(xdl.jit(step, donate_argnums=(0, 1)), *args, jax.block_until_ready)


class NumPyStep:
    """xdl on NumPy by its tape, donated updates, beside torch in its eager mode."""

    timeout = 300

    def setup(self):
        need("torch")

    def track_ratio_to_torch(self):
        return ratio(by_xdl("numpy"), torch_eager(), rounds=40, repeat=10)

    def track_ratio_to_torch_fused(self):
        return ratio(by_xdl("numpy"), torch_eager(fused=True), rounds=40, repeat=10)

    def track_milliseconds(self):
        return in_turns(by_xdl("numpy"), rounds=40, repeat=10)[0] * 1e3

    track_ratio_to_torch.unit = track_ratio_to_torch_fused.unit = "ratio"
    track_milliseconds.unit = "ms"


class TorchStep:
    """xdl on torch beside the same step written by hand."""

    timeout = 600

    def setup(self):
        need("torch")

    def track_ratio_to_torch(self):
        return ratio(by_xdl("torch"), torch_eager(), rounds=40, repeat=10)

    def track_ratio_to_torch_fused(self):
        return ratio(by_xdl("torch"), torch_eager(fused=True), rounds=40, repeat=10)

    def track_ratio_compiled(self):
        return ratio(xdl_compiled(), torch_compiled(), rounds=40, repeat=10)

    def track_ratio_jitted_to_compiled(self):
        return ratio(xdl_jitted(), torch_compiled(), rounds=40, repeat=10)

    track_ratio_to_torch.unit = track_ratio_to_torch_fused.unit = "ratio"
    track_ratio_compiled.unit = track_ratio_jitted_to_compiled.unit = "ratio"


class JaxStep:
    """xdl on JAX under jit beside the same step with optax."""

    timeout = 300

    def setup(self):
        need("jax", "optax")

    def track_ratio_jitted(self):
        return ratio(xdl_on_jax(), jax_by_hand(), rounds=40, repeat=10)

    track_ratio_jitted.unit = "ratio"
