import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import nn

X = np.random.default_rng(0).normal(size=(5, 3))


@pytest.mark.parametrize("channels", [None, 3])
def test_prelu(xp, channels):
    layer = nn.PReLU(xdl.random.key(0), channels)
    x = xp.asarray(X, dtype=xp.float32)
    assert_close(layer(x), np.where(X > 0, X, X / 4), like=x)
    (slope,) = xdl.tree.leaves(layer)
    assert slope.shape == (() if channels is None else (3,))
    with pytest.raises(ValueError, match="`slope`"):
        nn.PReLU(xdl.random.key(0), 4)(x)


def test_prelu_learns_a_slope(xp):
    """The derivative by a slope is the sum of what is negative in its channel."""
    layer = nn.PReLU(xdl.random.key(0), 3, slope=0.1)
    x = xp.asarray(X, dtype=xp.float32)
    for engine in (None, "tape"):
        slope = xdl.grad(lambda layer: total(layer(x)), engine=engine)(layer)
        assert_close(slope.slope, np.minimum(X, 0).sum(axis=0), like=x, rtol=1e-5)


def total(x):
    return xdl.array_namespace(x).sum(x)


def test_prelu_in_a_chain(xp):
    model = nn.Sequential(nn.Dense(xdl.random.key(1), 3, 2), nn.PReLU(xdl.random.key(0)))
    y = model(xp.asarray(X, dtype=xp.float32))
    assert y.shape == (5, 2)
    assert len(xdl.tree.leaves(model)) == 3
    assert_equal(model.layers[1].slope, 0.25, like=y)
    assert np.isfinite(values(y)).all()
