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
