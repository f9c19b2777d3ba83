"""Logistic regression by L-BFGS, NumPy, float64, one thread, to a largest entry of the gradient of 1e-6.

xdl and SciPy's L-BFGS-B are given the same function, written by hand, that returns the loss and its gradient.
SciPy's method is compiled. A run evaluates about as often as either, so the limit is the share of the evaluations
in SciPy's time: 0.5 for 569 x 31, where that is 28 of 57 us an evaluation, and 0.97 for 20,000 x 200.
"""

from .pairs import need, ratio


def breast_cancer():
    """Standardized, with an intercept; labels are -1 and 1."""
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    x = (x - x.mean(0)) / x.std(0)
    return np.concatenate([x, np.ones((len(x), 1))], axis=1), 2.0 * y - 1.0


def synthetic():
    import numpy as np

    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((20_000, 200)), rng.standard_normal(200) / 8
    return x, np.where(rng.random(20_000) < 1 / (1 + np.exp(-x @ w)), 1.0, -1.0)


def loss_of(x, labels):
    """Mean loss with a ridge of weight 1/n, and its gradient."""
    import numpy as np

    signed = x * labels[:, None]
    n, transposed = len(x), signed.T

    def loss(w):
        z = signed @ w
        e = np.exp(-np.abs(z))
        value = (np.log1p(e) - np.minimum(z, 0.0)).mean() + (0.5 / n) * (w @ w)
        return value, (w - transposed @ (np.where(z >= 0, e, 1.0) / (1.0 + e))) / n

    return loss


def xdl_run(loss, size):
    import numpy as np

    from xdl import optim

    start, method = np.zeros(size), optim.LBFGS()
    return lambda: optim.minimize(loss, start, gradient=True, method=method)


def scipy_run(loss, size):
    import numpy as np
    from scipy.optimize import minimize

    start, options = np.zeros(size), {"gtol": 1e-6, "ftol": 0.0, "maxcor": 10}
    return lambda: minimize(loss, start, jac=True, method="L-BFGS-B", options=options)


class LBFGSOverSciPy:
    """Time of a run by that of SciPy's."""

    params = ("569x31", "20000x200")
    param_names = ("size",)
    unit = "ratio"
    timeout = 600

    def setup(self, size):
        need("scipy", "sklearn")
        x, labels = breast_cancer() if size == "569x31" else synthetic()
        loss = loss_of(x, labels)
        self.ours, self.theirs = xdl_run(loss, x.shape[1]), scipy_run(loss, x.shape[1])

    def track_time(self, size):
        return ratio(self.ours, self.theirs, rounds=30 if size == "569x31" else 12)

    def track_evaluations(self, size):
        return int(self.ours().evaluations) / self.theirs().nfev
