import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import nn
from xdl.rl import QNetwork, Spaces

SPACES = Spaces(observation_shape=(4,), actions=3)
X = np.random.default_rng(0).normal(size=(6, 4))
COMPILES = pytest.mark.xp_skip(
    "jax", reason="a program for each shape of parameters; test_dqn.py learns there"
)


def apply(layer, x, last=False):
    y = x @ values(layer.weight) + values(layer.bias)
    return y if last else np.maximum(y, 0)


@COMPILES
def test_a_multilayer_perceptron(xp):
    network = QNetwork(xdl.random.key(0), SPACES, (8, 5), 2)
    assert [tuple(layer.weight.shape) for layer in (*network.layers, *network.advantage)] == [
        (4, 8),
        (8, 5),
        (5, 6),
    ]
    a, b = network.layers
    expected = apply(network.advantage[0], apply(b, apply(a, X)), last=True).reshape(6, 3, 2)
    x = xp.asarray(X, dtype=xp.float32)
    assert_close(network(x), expected.astype(np.float32), atol=1e-5, like=x)
    assert network.noise == 0
    assert_equal(network(x, xdl.random.key(1)), network(x))


def test_dueling_is_equation_9():
    network = QNetwork(xdl.random.key(0), SPACES, (8, 5), 2, dueling=True)
    (shared,), value, advantage = network.layers, network.value, network.advantage
    x = apply(shared, X)
    v = apply(value[1], apply(value[0], x), last=True)
    a = apply(advantage[1], apply(advantage[0], x), last=True).reshape(6, 3, 2)
    expected = np.empty_like(a)
    for action in range(3):
        expected[:, action] = v + (a[:, action] - sum(a[:, other] for other in range(3)) / 3)
    found = network(X.astype(np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.mean(axis=1), v, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("hidden", [(), (5,)], ids=str)
def test_dueling_streams_of_a_small_network(hidden):
    network = QNetwork(xdl.random.key(0), SPACES, hidden, dueling=True)
    assert network.layers == ()
    assert len(network.value) == len(network.advantage) == len(hidden) + 1
    assert network(X.astype(np.float32)).shape == (6, 3, 1)


def test_noise_is_dealt_to_the_layers():
    network = QNetwork(xdl.random.key(0), SPACES, (8, 5), 2, dueling=True, noisy=True)
    x, key = X.astype(np.float32), xdl.random.key(1)
    counts = [4 + 8, 8 + 5, 5 + 6, 8 + 5, 5 + 2]
    assert network.noise == sum(counts)
    noise = xdl.random.normal(key, network.noise)
    parts = iter(np.split(noise, np.cumsum(counts)[:-1]))
    shared = network.layers[0](x, noise=next(parts))
    a, v = shared, shared
    for layer in network.advantage:
        a = layer(a, noise=next(parts))
    for layer in network.value:
        v = layer(v, noise=next(parts))
    a = a.reshape(6, 3, 2)
    expected = v[:, None] + a - a.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(network(x, noise=noise), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(network(x, key), network(x, noise=noise))
    assert np.any(network(x) != network(x, key))


@COMPILES
def test_integers_are_rows_of_the_unit_matrix(xp):
    network = QNetwork(xdl.random.key(0), Spaces(observation_shape=(), states=5, actions=3), (8,))
    plain = QNetwork(xdl.random.key(0), Spaces(observation_shape=(5,), actions=3), (8,))
    index = xp.asarray([4, 0, 2])
    rows = xp.asarray(np.eye(5)[[4, 0, 2]], dtype=xp.float32)
    assert_equal(network(index), plain(rows))


def test_images_enter_by_features():
    spaces, keys = Spaces(observation_shape=(8, 8, 1), actions=2), xdl.random.split(xdl.random.key(0), 2)
    features = nn.Sequential(
        nn.Conv(keys[0], 1, 4, (3, 3), stride=2), nn.relu, nn.Flatten(), lambda x: x / 255.0
    )
    network = QNetwork(keys[1], spaces, (16,), features=features)
    image = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype(np.uint8)
    out = network(image)
    assert out.shape == (5, 2, 1)
    inner = network.replace(features=None)
    np.testing.assert_array_equal(out, inner(features(image.astype(np.float32))))
    assert any(path.startswith("features.") for path, _ in xdl.tree.leaves_with_path(network))


@pytest.mark.parametrize("noisy", [False, True])
def test_gradients(noisy):
    network = QNetwork(xdl.random.key(0), SPACES, (6, 5), 2, dueling=True, noisy=noisy)
    network = xdl.tree.map(lambda x: x.astype(np.float64), network)
    noise = np.random.default_rng(1).normal(size=network.noise)
    xdl.check_grads(lambda network, x: network(x, noise=noise if noisy else None) ** 2, (network, X), order=1)


def test_actions_that_are_vectors_are_refused():
    with pytest.raises(ValueError, match="actions that are integers, got vectors of 2 entries"):
        QNetwork(xdl.random.key(0), Spaces(observation_shape=(4,), action_size=2, low=(0, 0), high=(1, 1)))
