"""Other libraries at three of the workloads, beside xdl on NumPy: who differentiates, and who minimizes."""

import os
from importlib.util import find_spec

from xdl.bench import WORKLOADS, Row, first_call, prepare

ONCE = "XDL_BENCH_ONCE" in os.environ


def mlp_loss(anp, log_softmax):
    """The network's loss in the words of autograd, whose functions are NumPy's."""

    def loss(parameters, x, labels):
        layers = list(zip(parameters[::2], parameters[1::2], strict=True))
        for i, (w, b) in enumerate(layers):
            x = anp.dot(x, w) + b
            x = x if i == len(layers) - 1 else anp.maximum(x, 0)
        return -anp.mean(log_softmax(x)[anp.arange(len(labels)), labels])

    return loss


def autograd_gradient(inputs):
    import autograd
    import autograd.numpy as anp

    def log_softmax(x):
        x = x - anp.max(x, axis=1, keepdims=True)
        return x - anp.log(anp.sum(anp.exp(x), axis=1, keepdims=True))

    run = autograd.value_and_grad(mlp_loss(anp, log_softmax))
    return lambda: run(inputs["parameters"], inputs["x"], inputs["target"])[0]


def mygrad_gradient(inputs):
    import mygrad
    from mygrad.nnet import relu, softmax_crossentropy

    parameters = [mygrad.tensor(p) for p in inputs["parameters"]]
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))

    def run():
        x = inputs["x"]
        for i, (w, b) in enumerate(layers):
            x = mygrad.matmul(x, w) + b
            x = x if i == len(layers) - 1 else relu(x)
        value = softmax_crossentropy(x, inputs["target"])
        value.backward()
        return value.data

    return run


def scipy_lbfgs(inputs):
    import numpy as np
    from scipy.optimize import minimize

    X, y = inputs["X"], inputs["y"]

    def loss(w):
        z = X @ w.astype(np.float32)
        value = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z).mean()
        return float(value), (X.T @ (1 / (1 + np.exp(-z)) - y) / len(y)).astype(float)

    start, options = np.zeros(X.shape[1]), {"gtol": 1e-4, "ftol": 0.0}
    return lambda: minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x


def sklearn_newton(inputs):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6, fit_intercept=False, solver="newton-cholesky", tol=1e-4)
    return lambda: model.fit(inputs["X"], inputs["y"]).coef_[0]


PEERS = {
    "mlp_gradient": {"autograd": autograd_gradient, "mygrad": mygrad_gradient},
    "lbfgs": {"scipy": scipy_lbfgs},
    "newton": {"sklearn": sklearn_newton},
}


class _Peers:
    """Base: the peer's answer is that of xdl before its time is taken."""

    timeout = 600
    param_names = ["implementation", "size"]
    rounds = 1
    repeat = (5, 30, 2.0)
    warmup_time = 0.2

    def setup(self, implementation, size):
        if implementation != "xdl" and find_spec(implementation) is None:
            message = f"{implementation} is not installed"
            raise NotImplementedError(message)
        import numpy as np

        row, workload = Row("numpy", "cpu", "xdl", False), WORKLOADS[self.workload]
        ours = prepare(row, workload, size)
        _, wanted = first_call(row, ours)
        if implementation == "xdl":
            self.run = ours
            return
        self.run = PEERS[self.workload][implementation](workload.inputs(size))
        np.testing.assert_allclose(self.run(), wanted, rtol=1e-2, atol=1e-2)

    def time_run(self, implementation, size):
        self.run()


for _name, _peers in PEERS.items():
    _class = "".join(part.capitalize() for part in _name.split("_")) + "Peers"
    _sizes = WORKLOADS[_name].sizes[:1] if ONCE else WORKLOADS[_name].sizes
    globals()[_class] = type(
        _class, (_Peers,), {"workload": _name, "params": (["xdl", *_peers], _sizes), "__module__": __name__}
    )
