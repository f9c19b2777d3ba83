"""Networks, and steps of training with Adam, written by hand in JAX."""

import jax
import jax.numpy as jnp

from .inputs import put
from .layers import correlate

RATE = 1e-3


def _adam_update(parameters, grads, m, v, t):
    t = t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    step = lambda p, m, v: p - RATE * (m / c1) / (jnp.sqrt(v / c2) + 1e-8)
    return jax.tree.map(step, parameters, m, v), m, v, t


def _training(loss, part):
    def workload(arrays, device, compiled):
        arrays = put(arrays, device)
        parameters, x, labels = arrays["parameters"], arrays["x"], arrays["labels"]
        if part == "forward":
            run = jax.jit(loss)
            return lambda: run(parameters, x, labels)
        if part == "gradient":
            run = jax.jit(jax.value_and_grad(loss))
            return lambda: run(parameters, x, labels)[0]

        def step(parameters, m, v, t, x, labels):
            value, grads = jax.value_and_grad(loss)(parameters, x, labels)
            return *_adam_update(parameters, grads, m, v, t), value

        run = jax.jit(step, donate_argnums=(0, 1, 2, 3))
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
        held = [parameters, zeros(), zeros(), jnp.zeros_like(parameters[0], shape=())]

        def again():
            *held[:], value = run(*held, x, labels)
            return value

        return again

    return workload


def _cross_entropy(logits, labels):
    picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -jnp.mean(picked)


def _dense(layers, x):
    last = len(layers) // 2 - 1
    for i, (w, b) in enumerate(zip(layers[::2], layers[1::2], strict=True)):
        x = x @ w + b
        x = x if i == last else jax.nn.relu(x)
    return x


def _mlp(parameters, x, labels):
    return _cross_entropy(_dense(parameters, x), labels)


def _pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def _lenet(parameters, x, labels):
    w1, b1, w2, b2, *layers = parameters
    x = _pool(jax.nn.relu(correlate(x, w1, "SAME") + b1))
    x = _pool(jax.nn.relu(correlate(x, w2, "VALID") + b2))
    return _cross_entropy(_dense(layers, x.reshape(x.shape[0], -1)), labels)


mlp_step, mlp_gradient, mlp_forward = (_training(_mlp, part) for part in ("step", "gradient", "forward"))
lenet_step, lenet_gradient, lenet_forward = (
    _training(_lenet, part) for part in ("step", "gradient", "forward")
)


def adam(arrays, device, compiled):
    arrays = put(arrays, device)
    w, grad = arrays["w"], arrays["grad"]
    run = jax.jit(_adam_update, donate_argnums=(0, 2, 3, 4))
    held = [w, jnp.zeros_like(w), jnp.zeros_like(w), jnp.zeros_like(w, shape=())]

    def again():
        held[:] = run(held[0], grad, *held[1:])
        return held[0]

    return again
