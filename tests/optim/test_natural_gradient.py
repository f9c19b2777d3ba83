import numpy as np
from asserts import assert_close, values

import xdl
from xdl import nn, optim

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(size=(12, 3)), RNG.integers(0, 3, 12)


def predict(p, x):
    xp = xdl.array_namespace(p["a"])
    return xp.matmul(xp.tanh(xp.matmul(x, p["a"])), p["b"])


def start(xp):
    rng = np.random.default_rng(1)
    return {name: xp.asarray(rng.normal(size=shape)) for name, shape in (("a", (3, 2)), ("b", (2, 3)))}


def fisher():
    """The matrix over the entries of both leaves, from the Jacobian of the logits, example by example."""
    p = start(np)
    p = {name: np.asarray(value) for name, value in p.items()}
    J = xdl.jacobian(lambda p: predict(p, X))(p)
    J = np.concatenate([J["a"].reshape(12, 3, -1), J["b"].reshape(12, 3, -1)], axis=-1)
    z = predict(p, X)
    q = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    H = q[:, :, None] * np.eye(3) - q[:, :, None] * q[:, None, :]
    return np.einsum("nki,nkl,nlj->ij", J, H, J) / 12


def test_products_with_the_fisher_information(xp64, syncs):
    x, labels = xp64.asarray(X), xp64.asarray(LABELS)
    p = start(xp64)
    product = optim.gauss_newton_product(predict, lambda z: nn.cross_entropy(z, labels), p, x)
    v = {name: value + 1.0 for name, value in p.items()}
    found = product(v)
    flat = lambda p: np.concatenate([values(p["a"]).reshape(-1), values(p["b"]).reshape(-1)])
    np.testing.assert_allclose(flat(found), fisher() @ flat(v), rtol=1e-10)


def test_the_natural_gradient_solves_with_the_damped_information(xp64, syncs):
    x, labels = xp64.asarray(X), xp64.asarray(LABELS)
    p, loss = start(xp64), lambda z: nn.cross_entropy(z, labels)
    natural = optim.NaturalGradient(damping=0.1, rtol=1e-12)
    value, found = natural(predict, loss, p, x)
    same, grads = xdl.value_and_grad(lambda p: loss(predict(p, x)))(p)
    assert_close(value, same)
    flat = lambda p: np.concatenate([values(p["a"]).reshape(-1), values(p["b"]).reshape(-1)])
    np.testing.assert_allclose(
        flat(found), np.linalg.solve(fisher() + 0.1 * np.eye(12), flat(grads)), rtol=1e-8
    )


def test_directions_do_not_depend_on_how_a_model_is_parametrized():
    """Amari (1998): twice the parameter, half the step; what becomes of the outputs is the same."""
    x, y, w = X[:, :2], X[:, 2], np.asarray([0.3, -0.2])
    loss = lambda out: 0.5 * nn.mse(out, y)
    natural, M = optim.NaturalGradient(damping=0.0, rtol=1e-12), np.asarray([[2.0, 1.0], [0.0, 0.5]])
    _, plain = natural(lambda w, x: x @ w, loss, w, x)
    _, other = natural(lambda v, x: x @ (M @ v), loss, np.linalg.solve(M, w), x)
    np.testing.assert_allclose(M @ other, plain, rtol=1e-9)
