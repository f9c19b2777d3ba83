import numpy as np
import pytest
from asserts import also_jit, assert_equal, values

import xdl
from xdl import nn

X = np.random.default_rng(0).normal(size=(3, 5, 4))

LAYERS = {
    "dropout": (nn.Dropout(0.5), lambda x, k: nn.dropout(x, k, rate=0.5)),
    "channels": (nn.Dropout(0.5, axis=1), lambda x, k: nn.dropout(x, k, rate=0.5, axis=1)),
    "native": (nn.Dropout(0.5, impl="native"), lambda x, k: nn.dropout(x, k, rate=0.5, impl="native")),
    "variational": (nn.VariationalDropout(0.5), lambda x, k: nn.dropout(x, k, rate=0.5, axis=1)),
    "alpha": (nn.AlphaDropout(0.5), lambda x, k: nn.alpha_dropout(x, k, rate=0.5)),
    "path": (nn.DropPath(0.5), lambda x, k: nn.drop_path(x, k, rate=0.5)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_in_training_and_in_inference(xp, name):
    layer, function = LAYERS[name]
    key, x = xdl.random.key(1), xp.asarray(X, dtype=xp.float32)
    assert layer(x) is x
    assert xdl.tree.leaves(layer) == []
    y = also_jit(lambda x, key: layer(x, key=key), x, key)
    assert_equal(y, function(x, key))
    assert np.any(values(y) != values(x))
    assert_equal(nn.training(layer, x, key=key), (y, layer))


def test_stochastic_depth_leaves_the_skip_connection(xp):
    key, x = xdl.random.key(2), xp.asarray(X, dtype=xp.float32)
    block = nn.SkipConnection(nn.Sequential(nn.tanh, nn.DropPath(1.0)))
    assert_equal(block(x, key=key), x)
    assert_equal(block(x), nn.tanh(x) + x)


@pytest.mark.parametrize("make", [nn.Dropout, nn.VariationalDropout, nn.AlphaDropout, nn.DropPath])
@pytest.mark.parametrize("rate", [-0.1, 1.5])
def test_a_rate_is_a_probability(make, rate):
    with pytest.raises(ValueError, match="`rate`"):
        make(rate)
