"""Random numbers, a chain of operations and calls, written by hand in NumPy."""

import numpy as np


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
