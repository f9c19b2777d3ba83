import numpy as np
import pytest
from asserts import also_jit, assert_equal, values

import xdl
from xdl import nn

X = np.random.default_rng(0).normal(size=(8, 4))


def test_layers_without_statistics_come_back(xp):
    key, x = xdl.random.key(0), xp.asarray(X, dtype=xp.float32)
    for layer in (nn.Dense(key, 4, 3), nn.relu, nn.Dropout(0.5)):
        y, same = nn.training(layer, x)
        assert same is layer
        assert_equal(y, layer(x))
    assert_equal(nn.training(nn.Dropout(0.5), x, key=key)[0], nn.dropout(x, key, rate=0.5))


def test_a_sequence_threads_keys_and_statistics(xp):
    key, x = xdl.random.key(0), xp.asarray(X, dtype=xp.float32)
    dense, norm = nn.Dense(key, 4, 3), nn.BatchNorm(key, 3)
    inner = nn.Sequential(norm, nn.Dropout(0.5))
    model = nn.Sequential(dense, inner, nn.relu, nn.Dropout(0.2))
    y, updated = also_jit(lambda m, x, k: nn.training(m, x, key=k), model, x, key, fullgraph=True)
    keys = xdl.random.split(key, 2)
    hidden, new = norm.training(dense(x))
    own = xdl.random.split(keys[0, ...], 1)[0, ...]
    hidden = nn.relu(nn.dropout(hidden, own, rate=0.5))
    assert_equal(y, nn.dropout(hidden, keys[1, ...], rate=0.2))
    assert_equal(updated.layers[1].layers[0], new)
    assert xdl.tree.structure(updated) == xdl.tree.structure(model)
    assert_equal(model.layers[1].layers[0].mean, np.zeros(3), like=x)
    # without a key nothing is dropped, but the statistics are those of the batch
    y, again = nn.training(model, x)
    assert_equal(y, nn.relu(norm.training(dense(x))[0]))
    assert_equal(again, updated)


class Forgetful(xdl.Module):
    """A model of one's own, which passes nothing on."""

    norm: object

    def __call__(self, x):
        return self.norm(x)


class Faithful(Forgetful):
    def training(self, x, /, *, key=None):
        y, norm = nn.training(self.norm, x, key=key)
        return y, self.replace(norm=norm)


def test_statistics_are_never_forgotten_silently(xp):
    norm, x = nn.BatchNorm(xdl.random.key(0), 4), xp.asarray(X, dtype=xp.float32)
    with pytest.raises(TypeError, match="Forgetful has a BatchNorm inside"):
        nn.training(nn.Sequential(Forgetful(norm)), x)
    _, updated = nn.training(nn.Sequential(Faithful(norm)), x)
    assert np.all(values(updated.layers[0].norm.mean) != 0)
