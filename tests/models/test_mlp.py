import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values

import xdl
from xdl import nn
from xdl.models import MLP

X = np.random.default_rng(0).normal(size=(6, 4))


def test_is_affine_maps_with_activations_between(xp):
    model = MLP(xdl.random.key(0), (4, 8, 7, 3))
    x = xp.asarray(X, dtype=xp.float32)
    h = values(x)
    for k, layer in enumerate(model.layers):
        h = h @ values(layer.weight) + values(layer.bias)
        h = np.maximum(h, 0) if k < 2 else h
    assert_close(
        also_jit(lambda model, x: model(x), model, x, fullgraph=True), h, like=x, rtol=1e-4, atol=1e-5
    )


def test_paths(xp):
    model = MLP(xdl.random.key(0), [4, 8, 3])
    assert [(path, tuple(leaf.shape)) for path, leaf in xdl.tree.leaves_with_path(model)] == [
        ("layers.0.weight", (4, 8)),
        ("layers.0.bias", (8,)),
        ("layers.1.weight", (8, 3)),
        ("layers.1.bias", (3,)),
    ]


def test_the_same_key_gives_the_same_model_everywhere(xp):
    with xdl.use_backend("numpy"):
        expected = MLP(xdl.random.key(3), (4, 5, 2))
    model = MLP(xdl.random.key(3), (4, 5, 2))
    for found, wanted in zip(xdl.tree.leaves(model), xdl.tree.leaves(expected), strict=True):
        assert_equal(found, wanted, like=found)
    keys = xdl.random.split(xdl.random.key(3), 2)
    for k, layer in enumerate(model.layers):
        assert_equal(layer.weight, nn.glorot_uniform(keys[k, ...], layer.weight.shape))


def test_options(xp):
    model = MLP(xdl.random.key(0), (4, 8, 3), activation=nn.gelu, bias=False, init=nn.ones)
    x = xp.asarray(X, dtype=xp.float32)
    h = nn.gelu(xp.matmul(x, xp.ones((4, 8), dtype=xp.float32)))
    assert_close(model(x), xp.matmul(h, xp.ones((8, 3), dtype=xp.float32)))
    assert len(xdl.tree.leaves(model)) == 2
    assert MLP(xdl.random.key(0), (4, 3), dropout=0.5)(x, key=xdl.random.key(1)).shape == (6, 3)


def test_dropout_is_for_training(xp):
    model = MLP(xdl.random.key(0), (4, 32, 32, 3), dropout=0.5)
    x = xp.asarray(X, dtype=xp.float32)
    a, b = xdl.random.key(1), xdl.random.key(2)
    assert_equal(model(x), model(x))
    assert_equal(model(x, key=a), model(x, key=a))
    assert np.any(values(model(x, key=a)) != values(model(x, key=b)))
    assert np.any(values(model(x, key=a)) != values(model(x)))
    keys = xdl.random.split(a, 2)
    h = x
    for k, layer in enumerate(model.layers[:-1]):
        h = nn.dropout(layer(h), keys[k, ...], rate=0.5)
    assert_close(model(x, key=a), model.layers[-1](h))


def test_one_gradient_step_lowers_the_loss(xp):
    model = MLP(xdl.random.key(0), (4, 16, 3), dropout=0.1)
    x, y = xp.asarray(X, dtype=xp.float32), xp.asarray([0, 1, 2, 0, 1, 2])

    def loss(model, x, y):
        return nn.cross_entropy(model(x), y)

    before, slopes = xdl.value_and_grad(loss)(model, x, y)
    assert xdl.tree.structure(slopes) == xdl.tree.structure(model)
    after = loss(xdl.tree.map(lambda p, g: p - 0.1 * g, model, slopes), x, y)
    assert values(after) < values(before)
    _, tape = xdl.value_and_grad(loss, engine="tape")(model, x, y)
    assert_close(tape, slopes, rtol=1e-4, atol=1e-6)


def test_errors(xp):
    with pytest.raises(ValueError, match="input and the output"):
        MLP(xdl.random.key(0), (4,))
    with pytest.raises(ValueError, match=r"`x` \(..., n_in\)"):
        MLP(xdl.random.key(0), (4, 3))(xp.ones((2, 5), dtype=xp.float32))
    with pytest.raises(ValueError, match="`rate`"):
        MLP(xdl.random.key(0), (4, 3), dropout=2.0)
