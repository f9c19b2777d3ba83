"""Sums of rows that share an index."""

import numpy as np
import pytest
from asserts import assert_close

import xdl
from xdl.autodiff import scatter_add


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 0), (0, 3)])
def test_scatter_add_is_numpys(xp, shape):
    rng = np.random.default_rng(0)
    rows, index = rng.standard_normal(shape).astype(np.float32), rng.integers(0, 4, shape[0])
    expected = np.zeros((4, *shape[1:]), np.float32)
    np.add.at(expected, index, rows)
    x = xp.reshape(xp.asarray(rows.ravel().tolist(), dtype=xp.float32), shape)
    i = xp.asarray(index.tolist(), dtype=xp.int32)
    assert_close(scatter_add(x, i, size=4), expected, like=x)


def test_its_transpose_is_a_gather(xp):
    x, i = xp.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), xp.asarray([2, 0, 2])
    weights = xp.asarray([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    loss = lambda x: xdl.array_namespace(x).sum(scatter_add(x, i, size=3) * weights)
    expected = np.asarray([[3.0, 30.0], [1.0, 10.0], [3.0, 30.0]])
    assert_close(xdl.grad(loss, engine="tape")(x), expected, like=x)
