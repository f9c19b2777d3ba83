import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import nn

X = np.random.default_rng(0).normal(size=(7, 4))


def sum_of_squares(y):
    return xdl.array_namespace(y).sum(y**2)


def test_the_function_of_the_layer_stays(xp):
    dense = nn.Dense(xdl.random.key(0), 4, 3, activation=nn.tanh)
    layer, x = nn.WeightNorm(dense), xp.asarray(X, dtype=xp.float32)
    assert_close(layer(x), dense(x), rtol=1e-5)
    assert_close(layer.plain().weight, dense.weight)
    assert_close(layer.length, np.linalg.norm(values(dense.weight), axis=0), like=x)
    whole = nn.WeightNorm(dense, axis=None)
    assert whole.length.shape == ()
    assert_close(whole(x), dense(x), rtol=1e-5)


def test_lengths_and_directions_are_apart(xp):
    import torch

    dense = nn.Dense(xdl.random.key(0), 4, 3)
    layer, x = nn.WeightNorm(dense), xp.asarray(X, dtype=xp.float32)
    layer = layer.replace(length=layer.length * 2.0, layer=layer.layer.replace(weight=dense.weight * 5.0))
    assert_close(layer(x), 2 * values(dense(x)), like=x, rtol=1e-5, atol=1e-6)

    theirs = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(4, 3, dtype=torch.float32))
    parameters = theirs.parametrizations.weight
    with torch.no_grad():
        parameters.original0.copy_(torch.tensor(values(layer.length))[:, None])
        parameters.original1.copy_(torch.tensor(values(layer.layer.weight).T))
        theirs.bias.zero_()
    (theirs(torch.tensor(X, dtype=torch.float32)) ** 2).sum().backward()
    for engine in (None, "tape"):
        grads = xdl.grad(lambda layer: sum_of_squares(layer(x)), engine=engine)(layer)
        assert_close(grads.length, parameters.original0.grad[:, 0].numpy(), like=x, rtol=1e-4, atol=1e-5)
        assert_close(grads.layer.weight, parameters.original1.grad.T.numpy(), like=x, rtol=1e-4, atol=1e-5)


def test_keys_and_statistics_pass_through(xp):
    """In a layer that has both, and the weights besides."""

    class Noisy(xdl.Module):
        weight: object
        norm: object

        def __call__(self, x, /, *, key=None):
            return (
                nn.dropout(self.norm(x), key, rate=0.5) * self.weight if key is not None else x * self.weight
            )

        def training(self, x, /, *, key=None):
            y, norm = self.norm.training(x)
            return y * self.weight, self.replace(norm=norm)

    key, x = xdl.random.key(0), xp.asarray(X, dtype=xp.float32)
    inner = Noisy(xp.ones((1, 4), dtype=xp.float32), nn.BatchNorm(key, 4))
    layer = nn.WeightNorm(inner)
    assert_close(layer(x, key=key), inner(x, key=key))
    y, updated = nn.training(layer, x, key=key)
    assert_close(y, inner.training(x)[0])
    assert_close(updated.layer.norm, inner.training(x)[1].norm)
    assert_equal(updated.layer.weight, inner.weight)


def test_a_field_without_weights(xp):
    with pytest.raises(TypeError, match="no array 'weights'"):
        nn.WeightNorm(nn.Dense(xdl.random.key(0), 4, 3), name="weights")
