"""Logistic regression, and many Rosenbrock problems at once, written by hand in PyTorch."""

import torch
import torch.nn.functional as F

from .inputs import put


def newton(arrays, device, compiled):
    arrays = put(arrays, device)
    X, y = arrays["X"], arrays["y"]

    def run():
        w = torch.zeros(X.shape[1], device=device)
        while True:
            p = torch.sigmoid(X @ w)
            grad = X.T @ (p - y) / len(y)
            if grad.abs().max() <= 1e-4:
                return w
            w = w - torch.linalg.solve((X.T * (p * (1 - p) / len(y))) @ X, grad)

    return run


def lbfgs(arrays, device, compiled):
    arrays = put(arrays, device)
    X, y = arrays["X"], arrays["y"]
    options = {"max_iter": 500, "history_size": 10, "line_search_fn": "strong_wolfe", "tolerance_change": 0}

    def run():
        w = torch.zeros(X.shape[1], device=device, requires_grad=True)
        method = torch.optim.LBFGS([w], tolerance_grad=1e-4, **options)

        def loss():
            method.zero_grad()
            value = F.binary_cross_entropy_with_logits(X @ w, y)
            value.backward()
            return value

        method.step(loss)
        return w.detach()

    return run


def rosenbrock(arrays, device, compiled):
    """Derivatives by `torch.func`, directions by the absolute values of the eigenvalues."""
    start = put(arrays, device)["x"]

    def f(x):
        here, ahead = x[..., :-1], x[..., 1:]
        return (100 * (ahead - here * here) ** 2 + (1 - here) ** 2).sum(-1)

    gradient = torch.func.vmap(torch.func.grad(f))
    hessian = torch.func.vmap(torch.func.hessian(f))

    def run():
        x = start
        while True:
            grad, value = gradient(x), f(x)
            going = grad.abs().amax(1) > 1e-3
            if not going.any():
                return x
            values, vectors = torch.linalg.eigh(hessian(x))
            along = (vectors.mT @ grad[..., None])[..., 0] / values.abs().clamp(min=1e-3)
            step = -(vectors @ along[..., None])[..., 0]
            slope, t = (grad * step).sum(1), going.float()
            for _ in range(20):
                far = f(x + t[:, None] * step) > value + 1e-4 * t * slope
                if not far.any():
                    break
                t = torch.where(far, 0.5 * t, t)
            x = x + t[:, None] * step

    return run
