import math

import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import nn


def test_identity(xp):
    key = xdl.random.key(0)
    like = xp.ones(1, dtype=xp.float32)
    assert_equal(nn.identity(key, (2, 3), gain=2.0), [[2.0, 0, 0], [0, 2.0, 0]], like=like)
    assert_equal(nn.identity(key, (2, 3), shift=(0, 1)), [[0, 1.0, 0], [0, 0, 1.0]], like=like)
    assert_equal(nn.identity(key, (3, 3), shift=1), np.eye(3), like=like)
    with pytest.raises(
        ValueError, match=r"`shift` of one number or one per axis of shape \(2, 3\), got \(1,\)"
    ):
        nn.identity(key, (2, 3), shift=(1,))


@pytest.mark.parametrize("window", [(3, 3), (2, 4), (1, 5)])
def test_identity_of_a_convolution(xp, window):
    """With padding "same" the image stays, whether the window is odd or even; channels without partner are 0."""
    x = xdl.random.normal(xdl.random.key(1), (2, 5, 6, 2))
    y = nn.conv(x, nn.identity(xdl.random.key(0), (*window, 2, 3)), padding="same")
    assert_close(y[..., :2], x, atol=1e-5)
    assert np.abs(values(y)[..., 2]).max() < 1e-5


def test_sparse(xp):
    """Of 35 weights of each output 14 are zero, at places that differ; the others are normal numbers."""
    w = values(nn.sparse(xdl.random.key(7), (35, 400), sparsity=0.4, std=0.5)).astype(float)
    zero = w == 0
    assert (zero.sum(axis=0) == 14).all()
    assert abs(zero.mean(axis=1) - 0.4).max() < 5 * math.sqrt(0.24 / 400)
    assert abs(w[~zero].std() / 0.5 - 1) < 5 / math.sqrt(2 * 35 * 400 * 0.6)
    assert values(nn.sparse(xdl.random.key(7), (3, 4), sparsity=0.0)).all()
    assert not values(nn.sparse(xdl.random.key(7), (3, 4), sparsity=1.0)).any()
    for options, shape, match in [
        ({"sparsity": 1.5}, (2, 3), "`sparsity` must be in"),
        ({"sparsity": 0.5}, (2, 2, 3), r"must be \(n_in, n_out\)"),
    ]:
        with pytest.raises(ValueError, match=match):
            nn.sparse(xdl.random.key(0), shape, **options)
