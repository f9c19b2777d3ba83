import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal

from xdl import nn


def test_share_of_hits(xp):
    x = xp.asarray([[1.0, 2.0, 0.0], [3.0, 0.0, 1.0], [0.0, 0.0, 5.0], [1.0, 0.0, 0.0]], dtype=xp.float32)
    y = xp.asarray([1, 0, 0, 0])
    assert_equal(also_jit(nn.accuracy, x, y, fullgraph=True), 0.75, like=x)
    assert_equal(nn.accuracy(xp.permute_dims(x, (1, 0)), y, axis=0), 0.75, like=x)


def test_the_first_of_equal_logits_counts(xp):
    x = xp.zeros((2, 3), dtype=xp.float32)
    assert_equal(nn.accuracy(x, xp.asarray([0, 2])), 0.5, like=x)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_counts_in_single_precision(xp):
    x = xp.zeros((5000, 2), dtype=xp.float16)
    assert_close(nn.accuracy(x, xp.zeros(5000, dtype=xp.int32)), np.float16(1), like=x)


def test_no_examples(xp):
    x = xp.zeros((0, 3), dtype=xp.float32)
    assert_equal(nn.accuracy(x, xp.zeros(0, dtype=xp.int32)), math.nan, like=x)


def test_errors(xp):
    x = xp.zeros((2, 3), dtype=xp.float32)
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        nn.accuracy(x, xp.zeros(3, dtype=xp.int32))
    with pytest.raises(TypeError, match="integer"):
        nn.accuracy(x, xp.zeros((2, 3)))


def test_top_k_accuracy(xp):
    from sklearn.metrics import top_k_accuracy_score

    rng = np.random.default_rng(1)
    z, labels = rng.normal(size=(40, 5)), rng.integers(0, 5, 40)
    x = xp.asarray(z, dtype=xp.float32)
    for k in (1, 2, 3, 5):
        expected = top_k_accuracy_score(labels, z, k=k, labels=np.arange(5)) if k < 5 else 1.0
        assert_close(nn.top_k_accuracy(x, xp.asarray(labels), k=k), expected, like=x)
        assert_close(nn.top_k_accuracy(x.T, xp.asarray(labels), k=k, axis=0), expected, like=x)
    assert_close(nn.top_k_accuracy(x, xp.asarray(labels), k=1), nn.accuracy(x, xp.asarray(labels)))


def test_top_k_accuracy_of_equal_logits(xp):
    """The first of them count, and a label that is no class is never right."""
    x = xp.zeros((4, 3), dtype=xp.float32)
    labels = xp.asarray([0, 1, 2, 3])
    for k, right in [(1, 1), (2, 2), (3, 3), (9, 3)]:
        assert_close(nn.top_k_accuracy(x, labels, k=k), right / 4, like=x)
    with pytest.raises(ValueError, match="`k` must be at least 1"):
        nn.top_k_accuracy(x, labels, k=0)
