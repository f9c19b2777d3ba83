"""The workloads of ``xdl bench`` written by hand in JAX, each one compiled program."""

import jax
import jax.numpy as jnp

RATE = 1e-3


def _put(arrays, device):
    """The inputs on the device; its name is the platform's with a number."""
    platform, _, index = device.partition(":")
    place = jax.devices(platform)[int(index or 0)]
    return {
        name: jax.device_put(jax.tree.map(jnp.asarray, x), place)
        if name not in ("env", "agents", "size")
        else x
        for name, x in arrays.items()
    }


def _adam_update(parameters, grads, m, v, t):
    t = t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
    c1, c2 = 1 - 0.9**t, 1 - 0.999**t
    step = lambda p, m, v: p - RATE * (m / c1) / (jnp.sqrt(v / c2) + 1e-8)
    return jax.tree.map(step, parameters, m, v), m, v, t


def _training(loss, part):
    def workload(arrays, device, compiled):
        arrays = _put(arrays, device)
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


def _correlate(x, w, padding):
    return jax.lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _lenet(parameters, x, labels):
    w1, b1, w2, b2, *layers = parameters
    x = _pool(jax.nn.relu(_correlate(x, w1, "SAME") + b1))
    x = _pool(jax.nn.relu(_correlate(x, w2, "VALID") + b2))
    return _cross_entropy(_dense(layers, x.reshape(x.shape[0], -1)), labels)


mlp_step, mlp_gradient, mlp_forward = (_training(_mlp, part) for part in ("step", "gradient", "forward"))
lenet_step, lenet_gradient, lenet_forward = (
    _training(_lenet, part) for part in ("step", "gradient", "forward")
)


def adam(arrays, device, compiled):
    arrays = _put(arrays, device)
    w, grad = arrays["w"], arrays["grad"]
    run = jax.jit(_adam_update, donate_argnums=(0, 2, 3, 4))
    held = [w, jnp.zeros_like(w), jnp.zeros_like(w), jnp.zeros_like(w, shape=())]

    def again():
        held[:] = run(held[0], grad, *held[1:])
        return held[0]

    return again


# ---- layers ----


def _pullback(layer, *names):
    def workload(arrays, device, compiled):
        arrays = _put(arrays, device)
        arguments, dy = [arrays[name] for name in names], arrays["dy"]
        run = jax.jit(lambda dy, *arguments: jax.vjp(layer, *arguments)[1](dy))
        return lambda: run(dy, *arguments)[0]

    return workload


def _attention(q, k, v):
    scores = jnp.einsum("bhtd,bhsd->bhts", q * q.shape[-1] ** -0.5, k)
    return jnp.einsum("bhts,bhsd->bhtd", jax.nn.softmax(scores), v)


def _lstm(x, w_x, w_h, b):
    m = w_h.shape[0]

    def step(carry, z):
        h, c = carry
        i, f, g, o = jnp.split(z + h @ w_h, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[0], m), x.dtype)
    _, y = jax.lax.scan(step, (zeros, zeros), jnp.swapaxes(x @ w_x + b, 0, 1))
    return jnp.swapaxes(y, 0, 1)


def _layer_norm(x, scale, bias):
    z = x - jnp.mean(x, axis=-1, keepdims=True)
    return z * jax.lax.rsqrt(jnp.mean(z * z, axis=-1, keepdims=True) + 1e-5) * scale + bias


conv = _pullback(lambda x, w: _correlate(x, w, "SAME"), "x", "w")
attention = _pullback(_attention, "q", "k", "v")
lstm = _pullback(_lstm, "x", "w_x", "w_h", "b")
softmax = _pullback(jax.nn.softmax, "x")
layer_norm = _pullback(_layer_norm, "x", "scale", "bias")


# ---- regression and planning ----


def newton(arrays, device, compiled):
    arrays = _put(arrays, device)
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


def value_iteration(arrays, device, compiled):
    arrays = _put(arrays, device)

    @jax.jit
    def sweeps(transition, reward, value):
        for _ in range(20):
            value = jnp.max(reward + 0.9 * (transition @ value), axis=0)
        return value

    return lambda: sweeps(arrays["transition"], arrays["reward"], arrays["value"])


# ---- costs ----


def random(arrays, device, compiled):
    key, shape = _put({"key": jax.random.PRNGKey(0)}, device)["key"], (arrays["size"],)
    run = jax.jit(lambda key: jax.random.normal(key, shape))
    return lambda: run(key)


def tape(arrays, device, compiled):
    arrays = _put(arrays, device)

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
    x = _put(arrays, device)["x"]

    def run():
        y = x
        for _ in range(200):
            y = jax.nn.relu(x)
        return y

    return run
