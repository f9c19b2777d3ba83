import numpy as np
import pytest
from asserts import assert_equal, values

import xdl
from xdl import nn


def test_embedding(xp):
    layer = nn.Embedding(xdl.random.key(0), 5, 3)
    tokens = xp.asarray([[4, 0], [1, 4]])
    assert_equal(layer(tokens), values(layer.weight)[[[4, 0], [1, 4]]], like=layer.weight)
    assert layer.weight.dtype == xp.float32
    assert len(xdl.tree.leaves(layer)) == 1
    loss = lambda layer: xdl.array_namespace(layer.weight).sum(layer(tokens))
    grads = xdl.grad(loss)(layer)
    assert values(grads.weight).sum(axis=1).tolist() == [3, 3, 0, 0, 6]


def test_padding_and_init(xp):
    layer = nn.Embedding(xdl.random.key(0), 5, 3, padding_index=1, init=nn.ones)
    assert_equal(layer(xp.asarray([1, 2])), np.asarray([[0.0] * 3, [1.0] * 3]), like=layer.weight)
    with pytest.raises(ValueError, match="padding_index"):
        nn.Embedding(xdl.random.key(0), 5, 3, padding_index=5)


def test_the_same_key_gives_the_same_table_everywhere(xp):
    layer = nn.Embedding(xdl.random.key(3), 4, 2)
    assert_equal(layer.weight, values(xdl.random.normal(xdl.random.key(3), (4, 2))), like=layer.weight)
