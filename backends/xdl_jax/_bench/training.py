"""Networks, and steps of training with Adam, written by hand in JAX."""

import jax
import jax.numpy as jnp

from .inputs import put
from .layers import correlate
from .network import adam_update, cross_entropy, workloads


def _dense(layers, x):
    last = len(layers) // 2 - 1
    for i, (w, b) in enumerate(zip(layers[::2], layers[1::2], strict=True)):
        x = x @ w + b
        x = x if i == last else jax.nn.relu(x)
    return x


def _mlp(parameters, x, labels):
    return cross_entropy(_dense(parameters, x), labels)


def _pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def _lenet(parameters, x, labels):
    w1, b1, w2, b2, *layers = parameters
    x = _pool(jax.nn.relu(correlate(x, w1, "SAME") + b1))
    x = _pool(jax.nn.relu(correlate(x, w2, "VALID") + b2))
    return cross_entropy(_dense(layers, x.reshape(x.shape[0], -1)), labels)


mlp_step, mlp_gradient, mlp_forward = workloads(_mlp)
lenet_step, lenet_gradient, lenet_forward = workloads(_lenet)


def adam(arrays, device, compiled):
    arrays = put(arrays, device)
    w, grad = arrays["w"], arrays["grad"]
    run = jax.jit(adam_update, donate_argnums=(0, 2, 3, 4))
    held = [w, jnp.zeros_like(w), jnp.zeros_like(w), jnp.zeros_like(w, shape=())]

    def again():
        held[:] = run(held[0], grad, *held[1:])
        return held[0]

    return again
