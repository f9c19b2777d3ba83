"""Networks, and steps of training with Adam, written by hand in NumPy."""

import numpy as np

from .layers import convolve, convolve_gradients
from .network import Adam, workloads


class _MLP:
    def __init__(self, parameters):
        self.parameters = parameters

    def forward(self, x):
        layers = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        self.inputs = []
        for i, (w, b) in enumerate(layers):
            self.inputs.append(x)
            x = x @ w
            x += b
            if i < len(layers) - 1:
                np.maximum(x, 0, out=x)
        return x

    def backward(self, dy, of_x=False):
        """Gradients of the parameters, and where ``of_x`` that of the input."""
        grads = []
        for i in reversed(range(len(self.inputs))):
            grads += [dy.sum(axis=0), self.inputs[i].T @ dy]
            if i or of_x:
                dy = dy @ self.parameters[2 * i].T
            if i:
                dy *= self.inputs[i] > 0
        return (grads[::-1], dy) if of_x else grads[::-1]


def _corners(x):
    """The four entries of each 2 x 2 window."""
    return x[:, ::2, ::2], x[:, ::2, 1::2], x[:, 1::2, ::2], x[:, 1::2, 1::2]


class _LeNet:
    """Pools before it cuts off what is negative: the same, of a quarter of the numbers."""

    pads = (2, 0)

    def __init__(self, parameters):
        self.parameters, self.dense = parameters, _MLP(parameters[4:])

    def forward(self, x):
        self.kept = []
        for k, pad in enumerate(self.pads):
            w, b = self.parameters[2 * k : 2 * k + 2]
            y, rows = convolve(x, w, pad=pad)
            a, b_, c, d = _corners(y)
            pooled = np.maximum(np.maximum(a, b_), np.maximum(c, d))
            z = pooled + b
            np.maximum(z, 0, out=z)
            self.kept.append((x.shape, rows, y, pooled, z))
            x = z
        return self.dense.forward(x.reshape(len(x), -1))

    def backward(self, dy):
        grads, dz = self.dense.backward(dy, of_x=True)
        for k in (1, 0):
            shape, rows, y, pooled, z = self.kept[k]
            dz = dz.reshape(z.shape) * (z > 0)
            dy = np.empty_like(y)
            for part, out in zip(_corners(y), _corners(dy), strict=True):
                np.multiply(dz, part == pooled, out=out)
            w = self.parameters[2 * k]
            dx, dw = convolve_gradients(dy, rows, shape, w, pad=self.pads[k], of_x=k > 0)
            grads = [dw, dz.sum(axis=(0, 1, 2)), *grads]
            dz = dx
        return grads


mlp_step, mlp_gradient, mlp_forward = workloads(_MLP)
lenet_step, lenet_gradient, lenet_forward = workloads(_LeNet)


def adam(arrays, device, compiled):
    w = arrays["w"]
    rule = Adam([w])

    def run():
        rule.step([arrays["grad"]])
        return w

    return run
