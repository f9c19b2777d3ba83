import math

import numpy as np
import pytest
from asserts import also_jit, assert_equal, values
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_derivatives

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 8, 4))


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("k", [0, 1, 3])
def test_values_are_those_of_torch(xp, axis, largest, k):
    import torch

    x = xp.asarray(X, dtype=xp.float32)
    y, i = also_jit(lambda x: nn.top_k(x, k, axis=axis, largest=largest), x)
    theirs = torch.topk(torch.tensor(values(x)), k, dim=axis, largest=largest)
    assert_equal(y, theirs.values.numpy(), like=x)
    np.testing.assert_array_equal(values(i), theirs.indices.numpy())
    assert xp.isdtype(i.dtype, "integral")


@pytest.mark.xp_only("torch", reason="torch.compile")
def test_in_one_graph(xp):
    x = xp.asarray(X, dtype=xp.float32)
    also_jit(lambda x: nn.top_k(x, 2), x, fullgraph=True)


AWKWARD = [0.0, -0.0, math.nan, math.inf, 1.0, -math.nan, 1.0, -math.inf, 0.0, math.inf]


def test_order_and_ties(xp):
    """Of equal entries the first; zeros are equal; NaN is larger than every number, whatever its sign."""
    x = xp.asarray(AWKWARD, dtype=xp.float32)
    for context in (xdl.portable, _nothing):
        with context():
            down, up = nn.top_k(x, 10)[1], nn.top_k(x, 10, largest=False)[1]
            assert values(down).tolist() == [2, 5, 3, 9, 4, 6, 0, 1, 8, 7]
            assert values(up).tolist() == [7, 0, 1, 8, 4, 6, 3, 9, 2, 5]
            for k in (1, 4, 9):
                assert values(nn.top_k(x, k)[1]).tolist() == [2, 5, 3, 9, 4, 6, 0, 1, 8, 7][:k]
                assert values(nn.top_k(x, k, largest=False)[1]).tolist() == [7, 0, 1, 8, 4, 6, 3, 9, 2, 5][:k]


def _nothing():
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
def test_integers(xp, dtype):
    info = np.iinfo(dtype)
    x = xp.asarray([3, info.min, info.max, 3, info.min], dtype=getattr(xp, dtype))
    assert values(nn.top_k(x, 5)[1]).tolist() == [2, 0, 3, 1, 4]
    assert values(nn.top_k(x, 5, largest=False)[1]).tolist() == [1, 4, 0, 3, 2]


def test_derivatives_are_those_of_torch(xp):
    import torch

    assert_derivatives(
        xp, lambda x: nn.top_k(x * x, 3, axis=1)[0], lambda x: torch.topk(x * x, 3, dim=1)[0], X
    )


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=1, max_size=4), st.integers(0, 6)
)
@pytest.mark.xp_only("numpy", "torch", "strict", reason="hypothesis: many small calls, cheap there")
def test_properties(xp, rows, k):
    x = xp.asarray([[float(v) for v in row] for row in rows])
    for largest in (True, False):
        found = values(nn.top_k(x, k, largest=largest)[1])
        for row, places in zip(rows, found, strict=True):
            order = sorted(range(6), key=lambda i: (-row[i] if largest else row[i], i))
            assert places.tolist() == order[:k]


@pytest.mark.parametrize("bound", [3, 1000, 10**6])
@pytest.mark.parametrize("largest", [True, False])
def test_long_rows(xp, bound, largest):
    """Where methods do not sort, with many ties, few and none."""
    x = RNG.integers(0, bound, (4, 1500)).astype(np.float32)
    order = np.argsort(-x if largest else x, axis=-1, kind="stable")[:, :20]
    assert_equal(
        nn.top_k(xp.asarray(x), 20, largest=largest)[0], np.take_along_axis(x, order, -1), like=xp.asarray(x)
    )
    np.testing.assert_array_equal(values(nn.top_k(xp.asarray(x), 20, largest=largest)[1]), order)


def test_empty(xp):
    y, i = nn.top_k(xp.zeros((0, 4), dtype=xp.float32), 2)
    assert y.shape == i.shape == (0, 2)


def test_errors(xp):
    x = xp.zeros((3, 2), dtype=xp.float32)
    for k in (-1, 3, True, 1.0):
        with pytest.raises(ValueError, match="`k`"):
            nn.top_k(x, k)
    with pytest.raises(ValueError, match="axis"):
        nn.top_k(x, 1, axis=2)
