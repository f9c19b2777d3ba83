"""Logistic regression, and many Rosenbrock problems at once, written by hand in NumPy."""

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


def _armijo(f, x, value, grad, step):
    """Length of the step, halved until the value sinks enough."""
    slope, t = (grad * step).sum(axis=-1), np.ones_like(value)
    for _ in range(20):
        far = f(x + t[..., None] * step) > value + 1e-4 * t * slope
        if not far.any():
            break
        t = np.where(far, 0.5 * t, t)
    return t


def lbfgs(arrays, device, compiled):
    X, y = arrays["X"], arrays["y"]
    n = len(y)

    def loss(w):
        z = X @ w
        return (np.logaddexp(0, z) - y * z).mean()

    def gradient(w):
        return X.T @ (1 / (1 + np.exp(-(X @ w))) - y) / n

    def direction(grad, history):
        """Two loops over the last changes of the point and of the gradient."""
        d, found = -grad, []
        for dw, dg, curvature in reversed(history):
            found.append((dw @ d) / curvature)
            d = d - found[-1] * dg
        if history:
            _, dg, curvature = history[-1]
            d = d * (curvature / (dg @ dg))
        for (dw, dg, curvature), a in zip(history, reversed(found), strict=True):
            d = d + (a - (dg @ d) / curvature) * dw
        return d

    def run():
        w = np.zeros(X.shape[1], X.dtype)
        value, grad, history = loss(w), gradient(w), []
        while np.abs(grad).max() > 1e-4:
            d = direction(grad, history)
            step = _armijo(loss, w, value, grad, d) * d
            w = w + step
            value, before, grad = loss(w), grad, gradient(w)
            change = grad - before
            if step @ change > 0:
                history = [*history[-9:], (step, change, step @ change)]
        return w

    return run


def _rosenbrock(x):
    here, ahead = x[..., :-1], x[..., 1:]
    return (100 * (ahead - here * here) ** 2 + (1 - here) ** 2).sum(axis=-1)


def _rosenbrock_derivatives(x):
    """Gradient and Hessian."""
    here, ahead = x[:, :-1], x[:, 1:]
    down, inner = 200 * (ahead - here * here), np.arange(x.shape[1] - 1)
    grad, hessian = np.zeros_like(x), np.zeros((*x.shape, x.shape[1]), x.dtype)
    grad[:, 1:] += down
    grad[:, :-1] -= 2 * (here * down + 1 - here)
    hessian[:, inner, inner] = 1200 * here * here - 400 * ahead + 2
    hessian[:, inner + 1, inner + 1] += 200
    hessian[:, inner, inner + 1] = hessian[:, inner + 1, inner] = -400 * here
    return grad, hessian


def rosenbrock(arrays, device, compiled):
    """Directions by the absolute values of the eigenvalues; problems that are done are left out."""
    start = arrays["x"]

    def run():
        x, left = start.copy(), np.arange(len(start))
        while True:
            grad, hessian = _rosenbrock_derivatives(x[left])
            going = np.abs(grad).max(axis=1) > 1e-3
            left, grad, hessian = left[going], grad[going], hessian[going]
            if not len(left):
                return x
            now = x[left]
            values, vectors = np.linalg.eigh(hessian)
            along = (vectors.mT @ grad[..., None])[..., 0] / np.maximum(np.abs(values), 1e-3)
            step = -(vectors @ along[..., None])[..., 0]
            x[left] = now + _armijo(_rosenbrock, now, _rosenbrock(now), grad, step)[:, None] * step

    return run
