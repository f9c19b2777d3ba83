"""Networks, and steps of training with Adam, written by hand in NumPy."""

import numpy as np

RATE = 1e-3


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
        return _cross_entropy(logits, arrays["target"])[0]

    return run


def mlp_gradient(arrays, device, compiled):
    return lambda: _mlp_gradient(arrays["parameters"], arrays["x"], arrays["target"])[0]


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
        loss, grads = _mlp_gradient(parameters, arrays["x"], arrays["target"])
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
