"""A network's loss, its gradient, and a step of training with Adam."""

import jax
import jax.numpy as jnp

from .inputs import put

RATE = 1e-3


def workloads(loss, is_statistic=None):
    """Step, gradient and forward pass of ``loss(parameters, x, target)``.

    With ``is_statistic(k)``, which says what of the inputs are running statistics, ``loss(parameters, statistics, x,
    target)`` returns those to come as well.
    """
    if is_statistic is None:
        plain, is_statistic = loss, lambda k: False
        loss = lambda parameters, statistics, x, target: (plain(parameters, x, target), statistics)
    return tuple(_training(loss, is_statistic, part) for part in ("step", "gradient", "forward"))


def cross_entropy(logits, labels):
    picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -jnp.mean(picked)


def adam_update(parameters, grads, m, v, t):
    t = t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    step = lambda p, m, v: p - RATE * (m / c1) / (jnp.sqrt(v / c2) + 1e-8)
    return jax.tree.map(step, parameters, m, v), m, v, t


def _training(loss, is_statistic, part):
    def workload(arrays, device, compiled):
        arrays = put(arrays, device)
        x, target, both = arrays["x"], arrays["target"], list(enumerate(arrays["parameters"]))
        parameters = [p for k, p in both if not is_statistic(k)]
        statistics = [p for k, p in both if is_statistic(k)]
        value_and_grad = jax.value_and_grad(loss, has_aux=True)
        if part != "step":
            run = jax.jit(loss if part == "forward" else value_and_grad)
            first = lambda found: found[0] if part == "forward" else found[0][0]
            return lambda: first(run(parameters, statistics, x, target))

        def step(parameters, statistics, m, v, t, x, target):
            (value, statistics), grads = value_and_grad(parameters, statistics, x, target)
            parameters, m, v, t = adam_update(parameters, grads, m, v, t)
            return parameters, statistics, m, v, t, value

        run = jax.jit(step, donate_argnums=(0, 1, 2, 3, 4))
        zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
        held = [parameters, statistics, zeros(), zeros(), jnp.zeros_like(parameters[0], shape=())]

        def again():
            *held[:], value = run(*held, x, target)
            return value

        return again

    return workload
