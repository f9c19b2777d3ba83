import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values

import xdl
from xdl import nn


def test_dense(xp):
    key = xdl.random.key(0)
    layer = nn.Dense(key, 4, 3, activation=nn.tanh)
    x = xp.asarray(np.random.default_rng(0).normal(size=(2, 5, 4)), dtype=xp.float32)
    expected = np.tanh(values(x) @ values(layer.weight) + values(layer.bias))
    assert_close(also_jit(lambda layer, x: layer(x), layer, x), expected, like=x, rtol=1e-4)
    assert_equal(layer.bias, [0.0, 0.0, 0.0], like=x)
    assert_equal(layer.weight, nn.glorot_uniform(key, (4, 3)))


def test_dense_options(xp):
    layer = nn.Dense(xdl.random.key(0), 4, 3, bias=False, init=nn.ones)
    assert layer.bias is None
    x = xp.ones((2, 4), dtype=xp.float32)
    assert_equal(layer(x), np.full((2, 3), 4.0), like=x)
    assert xdl.tree.leaves_with_path(layer)[0][0] == "weight"
    assert len(xdl.tree.leaves(layer)) == 1


def test_dense_double_precision(xp64):
    layer = nn.Dense(xdl.random.key(0), 4, 3, dtype=xp64.float64)
    assert {leaf.dtype == xp64.float64 for leaf in xdl.tree.leaves(layer)} == {True}


def test_layers_are_frozen(xp):
    layer = nn.Dense(xdl.random.key(0), 4, 3)
    with pytest.raises(AttributeError, match="frozen"):
        layer.weight = None


def test_dropout_layer(xp):
    layer, key = nn.Dropout(0.5), xdl.random.key(1)
    x = xp.ones((4, 5), dtype=xp.float32)
    assert layer(x) is x
    assert_equal(layer(x, key=key), nn.dropout(x, key, rate=0.5))
    assert xdl.tree.leaves(layer) == []


def test_sequential(xp):
    a, b = xdl.random.split(xdl.random.key(0))[0, ...], xdl.random.key(1)
    first, last = nn.Dense(a, 4, 8), nn.Dense(b, 8, 3)
    model = nn.Sequential(first, nn.relu, nn.Dropout(0.5), last, nn.Dropout(0.2))
    x = xp.asarray(np.random.default_rng(0).normal(size=(5, 4)), dtype=xp.float32)
    assert_equal(model(x), last(nn.relu(first(x))))
    key = xdl.random.key(9)
    keys = xdl.random.split(key, 2)
    hidden = nn.dropout(nn.relu(first(x)), keys[0, ...], rate=0.5)
    assert_equal(model(x, key=key), nn.dropout(last(hidden), keys[1, ...], rate=0.2))
    assert [path for path, _ in xdl.tree.leaves_with_path(model)] == [
        "layers.0.weight",
        "layers.0.bias",
        "layers.3.weight",
        "layers.3.bias",
    ]


def test_sequential_nests(xp):
    inner = nn.Sequential(nn.Dropout(0.5))
    model = nn.Sequential(inner, nn.relu)
    x = xp.ones((6, 7), dtype=xp.float32)
    assert_equal(model(x), x)
    assert 0.0 in values(model(x, key=xdl.random.key(0)))
    assert_equal(nn.Sequential()(x, key=xdl.random.key(0)), x)


def test_layers_of_the_same_kind_have_one_structure(xp):
    """So that a compiled step is compiled once."""
    a, b = (nn.Sequential(nn.Dense(xdl.random.key(i), 4, 3), nn.relu, nn.Dropout(0.1)) for i in range(2))
    assert xdl.tree.structure(a) == xdl.tree.structure(b)
    assert hash(xdl.tree.structure(a)) == hash(xdl.tree.structure(b))
    assert xdl.tree.structure(a) != xdl.tree.structure(nn.Sequential(a.layers[0], nn.tanh, nn.Dropout(0.1)))


class Twice(nn.Dense):
    """Kind of dense layer that does something else."""

    def __call__(self, x, /):
        return 2.0 * super().__call__(x)


@pytest.mark.parametrize(
    "activations", [(nn.relu, nn.relu, None), (nn.relu, nn.tanh, None), (nn.relu, nn.relu, nn.relu)]
)
@pytest.mark.parametrize("scaled", [False, True])
def test_apply_layers_gives_what_the_layers_give_one_by_one(xp, activations, scaled):
    key = xdl.random.key(0)
    x = xp.asarray(np.random.default_rng(0).normal(size=(5, 4)), dtype=xp.float32)
    layers = [
        nn.Dense(key, n, m, activation=f, bias=n != 6)
        for f, n, m in zip(activations, (4, 6, 3), (6, 3, 2), strict=True)
    ]
    if scaled:
        layers[-1] = Twice(layers[-1].weight, layers[-1].bias, layers[-1].activation)
    expected = x
    for n in range(4):
        assert_equal(nn.apply_layers(layers[:n], x), expected)
        expected = layers[n](expected) if n < 3 else None
