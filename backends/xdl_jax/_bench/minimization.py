"""Logistic regression, and many Rosenbrock problems at once, written by hand in JAX."""

import jax
import jax.numpy as jnp

from .inputs import put


def newton(arrays, device, compiled):
    arrays = put(arrays, device)
    X, y = arrays["X"], arrays["y"]

    @jax.jit
    def fit(X, y):
        n = len(y)

        def gradient(w):
            p = jax.nn.sigmoid(X @ w)
            return X.T @ (p - y) / n, p

        def step(state):
            w, grad, p = state
            w = w - jnp.linalg.solve((X.T * (p * (1 - p) / n)) @ X, grad)
            return w, *gradient(w)

        w = jnp.zeros(X.shape[1], X.dtype)
        return jax.lax.while_loop(lambda state: jnp.max(jnp.abs(state[1])) > 1e-4, step, (w, *gradient(w)))[0]

    return lambda: fit(X, y)


def _armijo(f, x, value, grad, step):
    """Length of the step, halved until the value sinks enough."""
    far = lambda t: f(x + t * step) > value + 1e-4 * t * jnp.vdot(grad, step)
    more = lambda state: (state[1] < 20) & far(state[0])
    return jax.lax.while_loop(more, lambda state: (0.5 * state[0], state[1] + 1), (1.0, 0))[0]


def lbfgs(arrays, device, compiled):
    arrays = put(arrays, device)
    kept = 10

    @jax.jit
    def fit(X, y):
        def loss(w):
            z = X @ w
            return jnp.mean(jax.nn.softplus(z) - y * z)

        def direction(grad, dws, dgs, curvatures):
            """Two loops over the last changes, the latest first; those not there have infinite curvature."""
            d, found = -grad, []
            for dw, dg, curvature in zip(dws, dgs, curvatures, strict=True):
                found.append(jnp.vdot(dw, d) / curvature)
                d = d - found[-1] * dg
            d = d * jnp.where(jnp.isinf(curvatures[0]), 1, curvatures[0] / jnp.vdot(dgs[0], dgs[0]))
            for k in reversed(range(kept)):
                d = d + (found[k] - jnp.vdot(dgs[k], d) / curvatures[k]) * dws[k]
            return d

        def step(state):
            w, value, grad, *history = state
            d = direction(grad, *history)
            dw = _armijo(loss, w, value, grad, d) * d
            value, after = jax.value_and_grad(loss)(w + dw)
            new = (dw, after - grad, jnp.vdot(dw, after - grad))
            history = [
                jnp.where(new[2] > 0, jnp.concatenate([x[None], old[:-1]]), old)
                for x, old in zip(new, history, strict=True)
            ]
            return w + dw, value, after, *history

        w = jnp.zeros(X.shape[1], X.dtype)
        none = jnp.zeros((kept, *w.shape), w.dtype)
        state = (w, *jax.value_and_grad(loss)(w), none, none, jnp.full(kept, jnp.inf, w.dtype))
        return jax.lax.while_loop(lambda state: jnp.max(jnp.abs(state[2])) > 1e-4, step, state)[0]

    return lambda: fit(arrays["X"], arrays["y"])


def rosenbrock(arrays, device, compiled):
    """Directions by the absolute values of the eigenvalues, one program for all problems."""
    start = put(arrays, device)["x"]

    def f(x):
        here, ahead = x[:-1], x[1:]
        return jnp.sum(100 * (ahead - here * here) ** 2 + (1 - here) ** 2)

    def step(state):
        x, value, grad = state
        values, vectors = jnp.linalg.eigh(jax.hessian(f)(x))
        d = -vectors @ ((vectors.T @ grad) / jnp.maximum(jnp.abs(values), 1e-3))
        x = x + _armijo(f, x, value, grad, d) * d
        return x, *jax.value_and_grad(f)(x)

    def solve(x):
        going = lambda state: jnp.max(jnp.abs(state[2])) > 1e-3
        return jax.lax.while_loop(going, step, (x, *jax.value_and_grad(f)(x)))[0]

    run = jax.jit(jax.vmap(solve))
    return lambda: run(start)
