"""Random numbers, a chain of operations and calls, written by hand in JAX."""

import jax
import jax.numpy as jnp

from .inputs import put


def random(arrays, device, compiled):
    key, shape = put({"key": jax.random.PRNGKey(0)}, device)["key"], (arrays["size"],)
    run = jax.jit(lambda key: jax.random.normal(key, shape))
    return lambda: run(key)


def tape(arrays, device, compiled):
    arrays = put(arrays, device)

    def chain(x, w, b):
        for _ in range(50):
            x = x * w
            x = x + b
            x = x * 0.999
            x = x - w
        return jnp.sum(x)

    run = jax.jit(jax.value_and_grad(chain, (0, 1, 2)))
    return lambda: run(arrays["x"], arrays["w"], arrays["b"])[0]


def call(arrays, device, compiled):
    x = put(arrays, device)["x"]

    def run():
        y = x
        for _ in range(200):
            y = jax.nn.relu(x)
        return y

    return run
