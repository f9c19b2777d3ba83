import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl import nn, optim
from xdl.models import MLP


class Fixed(optim.Normal):
    """Targets one standard deviation away: with one output, the mean over them is exact."""

    def sample(self, key, outputs, /):
        return outputs + 1.0


def network(xp, sizes=(3, 4, 1), dtype=None):
    key = xdl.random.key(0)
    return MLP(key, sizes, activation=nn.tanh, dtype=dtype or xp.float64), key


def exact_blocks(model, x):
    """Fisher information of each layer's weights and bias, for one output with unit variance."""
    J = xdl.jacobian(lambda m: m(x)[:, 0])(model)
    blocks = []
    for layer in J.layers:
        W, b = values(layer.weight), values(layer.bias)
        rows = np.concatenate([W, b[:, None, :]], axis=1).reshape(len(W), -1)
        blocks.append(rows.T @ rows / len(W))
    return blocks


def products(state):
    return [np.kron(values(A), values(G)) for A, G in state.factors]


def test_factors_are_exact_for_one_example(xp64, syncs):
    """Then there is no mean whose parts could depend on each other (Martens & Grosse, 2015, section 3)."""
    model, key = network(xp64)
    x = xp64.asarray([[0.5, -1.0, 2.0]], dtype=xp64.float64)
    kfac = optim.KFAC()
    _, _, state = kfac.gradients(model, Fixed(), x, x[:, :1], kfac.init(model), key)
    for found, expected in zip(products(state), exact_blocks(model, x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_factors_are_exact_for_a_linear_network(xp64, syncs):
    """Where the slopes are the same for all examples."""
    key = xdl.random.key(1)
    model = MLP(key, (3, 4, 1), activation=lambda x: x, dtype=xp64.float64)
    x = xdl.random.normal(key, (7, 3), dtype=xp64.float64)
    kfac = optim.KFAC()
    _, _, state = kfac.gradients(model, Fixed(), x, x[:, :1], kfac.init(model), key)
    for found, expected in zip(products(state), exact_blocks(model, x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_gradients_are_divided_by_the_damped_product(xp64, syncs):
    model, key = network(xp64)
    x = xdl.random.normal(key, (6, 3), dtype=xp64.float64)
    y = x[:, :1] ** 2
    kfac = optim.KFAC(damping=0.01)
    loss, natural, state = kfac.gradients(model, optim.Normal(), x, y, kfac.init(model), key)
    value, grads = xdl.value_and_grad(lambda m: optim.Normal().loss(m(x), y))(model)
    assert_close(loss, value)
    for layer, plain, (A, G) in zip(natural.layers, grads.layers, state.factors, strict=True):
        A, G = values(A), values(G)
        pi = np.sqrt(np.trace(A) / len(A) / (np.trace(G) / len(G)))
        matrix = np.kron(A + 0.1 * pi * np.eye(len(A)), G + 0.1 / pi * np.eye(len(G)))
        both = lambda l: np.concatenate([values(l.weight), values(l.bias)[None]]).reshape(-1)
        np.testing.assert_allclose(both(layer), np.linalg.solve(matrix, both(plain)), rtol=1e-9)


def test_running_averages(xp64, syncs):
    """The first batch counts whole, the second half; the past never more than ``decay``."""
    model, key = network(xp64)
    batches = [xdl.random.normal(xdl.random.fold_in(key, k), (5, 3), dtype=xp64.float64) for k in range(3)]
    kfac = optim.KFAC(decay=0.6)
    state, seen = kfac.init(model), []
    for x in batches:
        _, _, state = kfac.gradients(model, Fixed(), x, x[:, :1], state, key)
        a = np.concatenate([values(x), np.ones((5, 1))], axis=1)
        seen.append(a.T @ a / 5)
    expected = 0.6 * (0.5 * seen[0] + 0.5 * seen[1]) + 0.4 * seen[2]
    np.testing.assert_allclose(values(state.factors[0][0]), expected, rtol=1e-12)


def test_old_inverses_serve_until_the_next_turn(xp64, syncs):
    model, key = network(xp64)
    x = xdl.random.normal(key, (5, 3), dtype=xp64.float64)
    kfac = optim.KFAC(every=2)
    states = [kfac.init(model)]
    for k in range(3):
        _, _, state = kfac.gradients(model, Fixed(), x + k, x[:, :1], states[-1], key)
        states.append(state)
    first = [values(s.factors[0][0]) for s in states[1:]]
    np.testing.assert_array_equal(first[0], first[1])
    assert not np.array_equal(first[1], first[2])
    assert values(states[-1].count) == 3


def test_layers_that_are_not_dense_keep_their_gradients():
    with xdl.use_backend("numpy"):
        key = xdl.random.key(0)
        model = nn.Sequential(nn.Dense(key, 3, 4, bias=False), nn.LayerNorm(key, 4), nn.Dense(key, 4, 2))
        x = xdl.random.normal(key, (6, 3))
    labels = np.asarray([0, 1, 0, 1, 1, 0])
    kfac, likelihood = optim.KFAC(), optim.Categorical()
    _, natural, _ = kfac.gradients(model, likelihood, x, labels, kfac.init(model), key)
    plain = xdl.grad(lambda m: likelihood.loss(m(x), labels))(model)
    assert_close(natural.layers[1], plain.layers[1])
    assert xdl.tree.structure(natural) == xdl.tree.structure(model)
    assert not np.allclose(natural.layers[0].weight, plain.layers[0].weight)


def test_fewer_steps_than_adam(xp64):
    """Regression by a small network, the whole data in each step, and the best of four rates for Adam."""
    if "torch" not in xp64.__name__:
        pytest.skip("one library shows it")
    model, key = network(xp64, (2, 12, 12, 1))
    x = xdl.random.normal(key, (100, 2), dtype=xp64.float64)
    y, likelihood = xp64.sin(2 * x[:, :1]) * x[:, 1:], optim.Normal()

    def run(rule, kfac=None):
        m, steps = model, optim.init(rule, model)
        state = kfac.init(m) if kfac else None
        for k in range(60):
            if kfac:
                _, grads, state = kfac.gradients(m, likelihood, x, y, state, xdl.random.fold_in(key, k))
            else:
                grads = xdl.grad(lambda m: likelihood.loss(m(x), y))(m)
            m, steps = optim.update(rule, m, grads, steps)
        return float(likelihood.loss(m(x), y))

    adam = min(run(optim.Adam(rate)) for rate in (0.1, 0.03, 0.01, 0.003))
    assert run(optim.SGD(0.3), optim.KFAC(damping=1e-2)) < 0.5 * adam


class TestBadInput:
    def test_a_model_without_dense_layers(self):
        with pytest.raises(ValueError, match=r"no nn\.Dense layer"):
            optim.KFAC().init({"w": np.ones(2)})

    def test_a_layer_that_is_used_twice(self):
        with xdl.use_backend("numpy"):
            key = xdl.random.key(0)

        class Twice(xdl.Module):
            layer: nn.Dense

            def __call__(self, x):
                return self.layer(self.layer(x))

        model, x = Twice(nn.Dense(key, 2, 2)), np.ones((3, 2), dtype=np.float32)
        kfac = optim.KFAC()
        with pytest.raises(ValueError, match="used 2 times"):
            kfac.gradients(model, optim.Normal(), x, x, kfac.init(model), key)
