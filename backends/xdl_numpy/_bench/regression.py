"""Fits of a logistic regression, written by hand in NumPy."""

import numpy as np


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
