"""A network's loss, its gradient, and a step of training with Adam."""

import numpy as np

RATE = 1e-3


def cross_entropy(logits, labels):
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


class Adam:
    """Steps in place, of all parameters."""

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


def workloads(make, loss=cross_entropy):
    """Step, gradient and forward pass of a network.

    It has ``parameters``, ``forward(x)``, which keeps what ``backward(dy)`` takes, and that returns their gradients.
    """
    return tuple(_training(make, loss, part) for part in ("step", "gradient", "forward"))


def _training(make, loss, part):
    def workload(arrays, device, compiled):
        network, x, target = make(arrays["parameters"]), arrays["x"], arrays["target"]
        rule = Adam(network.parameters)

        def run():
            value, dy = loss(network.forward(x), target)
            if part != "forward":
                grads = network.backward(dy)
            if part == "step":
                rule.step(grads)
            return value

        return run

    return workload
