"""The workloads of ``xdl bench`` written by hand in NumPy, as one writes them without a library of derivatives."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

RATE = 1e-3


# ---- multilayer perceptron ----


def _cross_entropy(logits, labels):
    """Loss, and its gradient by the logits."""
    rows = np.arange(len(labels))
    logits = logits - logits.max(axis=1, keepdims=True)
    e = np.exp(logits)
    total = e.sum(axis=1, keepdims=True)
    loss = (np.log(total[:, 0]) - logits[rows, labels]).mean()
    e /= total
    e[rows, labels] -= 1
    e /= len(labels)
    return loss, e


def _mlp_forward(parameters, x):
    """Input of each layer, and the logits."""
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    inputs = [x]
    for i, (w, b) in enumerate(layers):
        x = x @ w
        x += b
        if i < len(layers) - 1:
            np.maximum(x, 0, out=x)
        inputs.append(x)
    return inputs


def _mlp_gradient(parameters, x, labels):
    *inputs, logits = _mlp_forward(parameters, x)
    loss, dy = _cross_entropy(logits, labels)
    grads = []
    for i in reversed(range(len(inputs))):
        grads += [dy.sum(axis=0), inputs[i].T @ dy]
        if i:
            dy = dy @ parameters[2 * i].T
            dy *= inputs[i] > 0
    return loss, grads[::-1]


def mlp_forward(arrays, device, compiled):
    def run():
        logits = _mlp_forward(arrays["parameters"], arrays["x"])[-1]
        return _cross_entropy(logits, arrays["labels"])[0]

    return run


def mlp_gradient(arrays, device, compiled):
    return lambda: _mlp_gradient(arrays["parameters"], arrays["x"], arrays["labels"])[0]


class _Adam:
    def __init__(self, parameters):
        self.parameters, self.t = parameters, 0
        self.moments = [(np.zeros_like(p), np.zeros_like(p), np.empty_like(p)) for p in parameters]

    def step(self, grads):
        self.t += 1
        c1, c2 = 1 - 0.9**self.t, 1 - 0.999**self.t
        for p, g, (m, v, u) in zip(self.parameters, grads, self.moments, strict=True):
            m *= 0.9
            m += np.multiply(g, 0.1, out=u)
            v *= 0.999
            np.multiply(g, g, out=u)
            v += np.multiply(u, 0.001, out=u)
            np.divide(v, c2, out=u)
            np.sqrt(u, out=u)
            u += 1e-8
            np.divide(m, u, out=u)
            u *= RATE / c1
            p -= u


def mlp_step(arrays, device, compiled):
    parameters = arrays["parameters"]
    rule = _Adam(parameters)

    def run():
        loss, grads = _mlp_gradient(parameters, arrays["x"], arrays["labels"])
        rule.step(grads)
        return loss

    return run


def adam(arrays, device, compiled):
    w = arrays["w"]
    rule = _Adam([w])

    def run():
        rule.step([arrays["grad"]])
        return w

    return run


# ---- layers ----


def _patches(x, k, pad):
    """Rows of (n, oh, ow) places with the k x k x c numbers each sees."""
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    seen = sliding_window_view(x, (k, k), axis=(1, 2))  # n, oh, ow, c, k, k
    n, oh, ow, c = seen.shape[:4]
    return np.ascontiguousarray(seen.transpose(0, 1, 2, 4, 5, 3)).reshape(n * oh * ow, k * k * c)


def conv(arrays, device, compiled):
    x, w, dy = arrays["x"], arrays["w"], arrays["dy"]
    k, _, c, d = w.shape

    def run():
        patches = _patches(x, k, k // 2)
        y = (patches @ w.reshape(-1, d)).reshape(dy.shape)
        rows = dy.reshape(-1, d)
        dw = (patches.T @ rows).reshape(w.shape)
        turned = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2)).reshape(k * k * d, c)
        dx = (_patches(dy, k, k // 2) @ turned).reshape(x.shape)
        return (dx, dw, y)[0]

    return run


def attention(arrays, device, compiled):
    q, k, v, dy = (arrays[name] for name in ("q", "k", "v", "dy"))
    scale = q.shape[-1] ** -0.5

    def run():
        p = (q * scale) @ k.mT
        p -= p.max(axis=-1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=-1, keepdims=True)
        y = p @ v
        dv = p.mT @ dy
        ds = dy @ v.mT
        ds -= (dy * y).sum(axis=-1, keepdims=True)
        ds *= p
        dq = (ds @ k) * scale
        dk = (ds.mT @ q) * scale
        return (dq, dk, dv)[0]

    return run


def softmax(arrays, device, compiled):
    x, dy = arrays["x"], arrays["dy"]

    def run():
        y = x - x.max(axis=-1, keepdims=True)
        np.exp(y, out=y)
        y /= y.sum(axis=-1, keepdims=True)
        dx = dy * y
        dx -= y * dx.sum(axis=-1, keepdims=True)
        return dx

    return run


def layer_norm(arrays, device, compiled):
    x, scale, bias, dy = (arrays[name] for name in ("x", "scale", "bias", "dy"))

    def run():
        z = x - x.mean(axis=-1, keepdims=True)
        inverse = 1 / np.sqrt(np.square(z).mean(axis=-1, keepdims=True) + 1e-5)
        z *= inverse
        y, dscale, dbias = z * scale + bias, (dy * z).sum(axis=0), dy.sum(axis=0)
        dz = dy * scale
        mean = (dz * z).mean(axis=-1, keepdims=True)
        dz -= dz.mean(axis=-1, keepdims=True)
        dz -= z * mean
        dz *= inverse
        return (dz, dscale, dbias, y)[0]

    return run


# ---- regression ----


def newton(arrays, device, compiled):
    X, y = arrays["X"], arrays["y"]
    n = len(y)

    def run():
        w = np.zeros(X.shape[1], X.dtype)
        while True:
            p = 1 / (1 + np.exp(-(X @ w)))
            grad = X.T @ (p - y) / n
            if np.abs(grad).max() <= 1e-4:
                return w
            w = w - np.linalg.solve((X.T * (p * (1 - p) / n)) @ X, grad)

    return run


# ---- reinforcement learning ----


def value_iteration(arrays, device, compiled):
    transition, reward, start = (arrays[name] for name in ("transition", "reward", "value"))

    def run():
        value = start
        for _ in range(20):
            value = (reward + np.float32(0.9) * (transition @ value)).max(axis=0)
        return value

    return run


def q_learning(arrays, device, compiled):
    """With the tables that a model of the environment has, and NumPy's own random numbers."""
    env, agents, steps = arrays["env"], arrays["agents"], 128
    target, cumulative, paid, ended = env.target, env.cumulative, env.paid, env.ended
    outcomes, actions, states = target.shape[1], env.actions, env.states
    rng, each = np.random.default_rng(0), np.arange(agents)

    def run():
        q = np.zeros((agents, states, actions), np.float32)
        state, age = rng.integers(0, states, agents), np.zeros(agents, np.int64)
        for _ in range(steps):
            u = rng.random((4, agents), dtype=np.float32)
            best = q[each, state].argmax(axis=1)
            action = np.where(u[0] < 0.1, (u[1] * actions).astype(np.int64), best)
            row = state * actions + action
            outcome = np.minimum((cumulative[row] <= u[2, :, None]).sum(axis=1), outcomes - 1)
            reached, over = target[row, outcome], ended[row, outcome]
            ahead = np.where(over, 0, q[each, reached].max(axis=1))
            old = q[each, state, action]
            q[each, state, action] = old + np.float32(0.1) * (
                paid[row, outcome] + np.float32(0.99) * ahead - old
            )
            age += 1
            over = over | (age >= env.max_steps)
            state = np.where(over, (u[3] * states).astype(np.int64), reached)
            age[over] = 0
        return q

    return run


# ---- costs ----


def random(arrays, device, compiled):
    rng, size = np.random.default_rng(0), arrays["size"]
    return lambda: rng.standard_normal(size, dtype=np.float32)


def tape(arrays, device, compiled):
    """The chain and its derivative written out, which keeps what a tape would keep."""
    start, w, b = arrays["x"], arrays["w"], arrays["b"]

    def run():
        x, inputs = start, []
        for _ in range(50):
            inputs.append(x)
            x = x * w
            x = x + b
            x = x * np.float32(0.999)
            x = x - w
        dx, dw, db = np.ones_like(x), np.zeros_like(w), np.zeros_like(b)
        for x_in in reversed(inputs):
            dw -= dx
            dx = dx * np.float32(0.999)
            db += dx
            dw += dx * x_in
            dx = dx * w
        return x.sum()

    return run


def call(arrays, device, compiled):
    x = arrays["x"]

    def run():
        y = x
        for _ in range(200):
            y = np.maximum(x, 0)
        return y

    return run
