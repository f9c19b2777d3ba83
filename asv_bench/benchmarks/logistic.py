"""Logistic regression with a penalty to a gradient of 1e-6, one thread, float64: Newton's method beside others'.

All minimize the mean cross-entropy plus ``‖w‖² / (2 n)``, scikit-learn's with C = 1, and are checked to reach it.
"""

import functools

from .pairs import in_turns, need, ratio

GTOL = 1e-6


@functools.cache
def cancer():
    """Wisconsin breast cancer, 569 x 30, standardized."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    return (data.data - data.data.mean(0)) / data.data.std(0), data.target.astype(float)


@functools.cache
def synthetic():
    """20,000 x 200."""
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 200))
    p = 1 / (1 + np.exp(-X @ rng.normal(size=200) * 0.1))
    return X, (rng.uniform(size=20_000) < p).astype(float)


DATA = {"569 x 30": cancer, "20000 x 200": synthetic}


def checked(fit, X, y):
    """The fit, after a look at the gradient where it ends: coefficients, then the intercept."""
    import numpy as np

    w = np.ravel(np.asarray(fit()))
    r = 1 / (1 + np.exp(-(X @ w[:-1] + w[-1]))) - y
    grad = np.append(X.T @ r + w[:-1], r.sum()) / len(y)
    if not np.abs(grad).max() <= GTOL:
        message = f"the gradient is {np.abs(grad).max():.1e}"
        raise RuntimeError(message)
    return fit


def ours(X, y, method=None):
    import numpy as np

    from xdl.models import LogisticRegression

    def fit():
        model = LogisticRegression.fit(X, y, alpha=1 / len(y), method=method, gtol=GTOL)
        return np.append(model.coefficients, model.intercept)

    return fit


def scikit_learn(X, y):
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    def fit():
        model = LogisticRegression(C=1.0, solver="newton-cholesky", tol=GTOL).fit(X, y)
        return np.append(model.coef_, model.intercept_)

    return fit


def torch_lbfgs(X, y):
    import torch

    torch.set_num_threads(1)
    Xt, yt = torch.tensor(X), torch.tensor(y)

    def fit():
        w = torch.zeros(X.shape[1] + 1, dtype=torch.float64, requires_grad=True)
        options = {"max_iter": 500, "history_size": 10, "line_search_fn": "strong_wolfe"}
        method = torch.optim.LBFGS([w], tolerance_grad=0.5 * GTOL, tolerance_change=0, **options)

        def loss():
            method.zero_grad()
            value = torch.nn.functional.binary_cross_entropy_with_logits(Xt @ w[:-1] + w[-1], yt)
            value = value + 0.5 / len(y) * torch.dot(w[:-1], w[:-1])
            value.backward()
            return value

        method.step(loss)
        return w.detach()

    return fit


def jax_loss(w, X, y):
    import jax
    import jax.numpy as jnp

    z = X @ w[:-1] + w[-1]
    return jnp.mean(jax.nn.softplus(z) - y * z) + 0.5 / len(y) * jnp.dot(w[:-1], w[:-1])


def jax_newton(X, y):
    """Written by hand: the same Hessian, one compiled program."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    Z, n = jnp.concatenate([jnp.asarray(X), jnp.ones((len(y), 1))], axis=1), len(y)
    y = jnp.asarray(y)
    penalty = jnp.ones(Z.shape[1]).at[-1].set(0.0) / n

    @jax.jit
    def run(Z, y):
        def gradient(w):
            p = jax.nn.sigmoid(Z @ w)
            return Z.T @ (p - y) / n + penalty * w, p

        def step(state):
            w, grad, p = state
            H = (Z.T * (p * (1 - p) / n)) @ Z + jnp.diag(penalty)
            w = w - jnp.linalg.solve(H, grad)
            return w, *gradient(w)

        w = jnp.zeros(Z.shape[1])
        return jax.lax.while_loop(lambda state: jnp.max(jnp.abs(state[1])) > GTOL, step, (w, *gradient(w)))[0]

    return lambda: run(Z, y).block_until_ready()


def jaxopt_lbfgs(X, y):
    import jax
    import jax.numpy as jnp
    import jaxopt

    jax.config.update("jax_enable_x64", True)
    X, y = jnp.asarray(X), jnp.asarray(y)
    run = jax.jit(jaxopt.LBFGS(jax_loss, tol=GTOL, maxiter=1000).run)
    return lambda: run(jnp.zeros(X.shape[1] + 1), X, y).params.block_until_ready()


def optimistix_bfgs(X, y):
    import jax
    import jax.numpy as jnp
    import optimistix

    jax.config.update("jax_enable_x64", True)
    X, y = jnp.asarray(X), jnp.asarray(y)
    # It looks at differences of parameters and of values, which must be small for a small gradient.
    solver = optimistix.BFGS(rtol=1e-9, atol=1e-9)
    loss = lambda w, args: jax_loss(w, *args)
    run = jax.jit(lambda w: optimistix.minimise(loss, solver, w, (X, y), max_steps=5000).value)
    return lambda: run(jnp.zeros(X.shape[1] + 1)).block_until_ready()


class Newton:
    """Iteratively reweighted least squares on NumPy, by the time of others; below 1 is faster."""

    timeout = 600
    params = list(DATA)
    param_names = ["data"]
    unit = "ratio"

    def setup(self, data):
        need("sklearn")
        self.X, self.y = DATA[data]()
        self.ours = checked(ours(self.X, self.y), self.X, self.y)

    def ratio(self, theirs):
        rounds = 40 if len(self.y) < 1000 else 9
        return ratio(self.ours, checked(theirs(self.X, self.y), self.X, self.y), rounds=rounds)

    def track_ratio_to_scikit_learn(self, data):
        return self.ratio(scikit_learn)

    def track_ratio_to_torch_lbfgs(self, data):
        need("torch")
        return self.ratio(torch_lbfgs)

    def track_ratio_to_jax_newton(self, data):
        need("jax")
        return self.ratio(jax_newton)

    def track_ratio_to_jaxopt_lbfgs(self, data):
        need("jaxopt")
        return self.ratio(jaxopt_lbfgs)

    def track_ratio_to_optimistix_bfgs(self, data):
        need("optimistix")
        return self.ratio(optimistix_bfgs)

    def track_milliseconds(self, data):
        return in_turns(self.ours, rounds=9)[0] * 1e3

    track_milliseconds.unit = "ms"


class Hessian:
    """The sum for the Hessian at 20,000 x 201 beside one general product: the floor is a half."""

    timeout = 300

    def setup(self):
        import numpy as np

        X, y = synthetic()
        self.Z, self.w = np.c_[np.ones(len(y)), X], np.random.default_rng(1).uniform(0.1, 0.25, len(y))

    def track_ratio_to_general_product(self):
        from xdl.models.matrices import gram

        return ratio(lambda: gram(self.Z, self.w), lambda: (self.Z.T * self.w) @ self.Z, rounds=9)

    track_ratio_to_general_product.unit = "ratio"
