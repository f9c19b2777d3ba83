import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_derivatives, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 5, 3))
INDEX = np.asarray([[2, 0, -1], [1, 2, -3]])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_values(xp, axis):
    x, i = xp.asarray(X, dtype=xp.float32), xp.asarray(INDEX)
    y = also_jit(lambda x, i: nn.gather(x, i, axis=axis), x, i, fullgraph=True)
    assert_equal(y, np.take(values(x), INDEX, axis=axis), like=x)


@pytest.mark.parametrize("axis", [0, 2])
def test_derivatives_are_those_of_torch(xp, axis):
    """With repeated indices, of any rank."""
    import torch

    i = torch.tensor(INDEX % 3)
    assert_derivatives(
        xp,
        lambda x: nn.gather(x * x, xp.asarray(INDEX), axis=axis),
        lambda x: torch.index_select(x * x, axis, i.reshape(-1)).reshape(
            *x.shape[:axis], 2, 3, *x.shape[axis + 1 :]
        ),
        X[:3, :2],
    )


def test_an_index_outside_gives_nan_and_no_derivative(xp):
    """On every backend the same: no error on one, a clamped row on another."""
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype=xp.float32)
    i = xp.asarray([1, 2, -2, -3, 2**31 - 1])
    nan = [math.nan] * 2
    expected = [[3.0, 4.0], nan, [1.0, 2.0], nan, nan]
    y = also_jit(nn.gather, x, i, fullgraph=True)
    assert_equal(y, expected, like=x)
    with xdl.portable():
        assert_equal(nn.gather(x, i), expected, like=x)
    for some in ([1, 2], [-3, 1]):  # on one side alone
        y = nn.gather(x, xp.asarray(some))
        assert np.isnan(values(y)).any(axis=1).tolist() == [k in (2, -3) for k in some]
    dy = xp.asarray([[1.0, 2.0], [30.0, 40.0], [5.0, 6.0], [70.0, 80.0], [9.0, 9.0]], dtype=xp.float32)
    for engine in (None, "tape"):
        slopes = xdl.vjp(lambda x: nn.gather(x, i), x, engine=engine)[1](dy)[0]
        assert_equal(slopes, [[5.0, 6.0], [1.0, 2.0]], like=x)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "bool"])
def test_fill_of_other_types(xp, dtype):
    x = xp.asarray([1, 0, 1], dtype=getattr(xp, dtype))
    outside = {"int8": -128, "uint8": 255, "int32": -(2**31), "bool": True}[dtype]
    for context in (xdl.portable, _nothing):
        with context():
            assert_equal(nn.gather(x, xp.asarray([0, 3, 1])), np.asarray([1, outside, 0]), like=x)


def _nothing():
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32"])
def test_an_index_of_few_bits_reaches_a_long_axis(xp, dtype):
    """-1 is the last of 300, and 255 of 8 bits is not -1."""
    x = xp.arange(300, dtype=xp.float32)
    i, expected = ([7, 127, 200], [7, 127, 200]) if dtype[0] == "u" else ([7, 127, -1], [7, 127, 299])
    for context in (xdl.portable, _nothing):
        with context():
            assert_equal(nn.gather(x, xp.asarray(i, dtype=getattr(xp, dtype))), expected, like=x)


@pytest.mark.parametrize(
    ("shape", "index"), [((0, 3), (2,)), ((0, 3), (0,)), ((3, 0), (2,)), ((3, 2), (0, 4))]
)
def test_empty(xp, shape, index):
    x, i = xp.zeros(shape, dtype=xp.float32), xp.zeros(index, dtype=xp.int32)
    expected = np.full((*index, *shape[1:]), math.nan if shape[0] == 0 else 0.0)
    assert_equal(nn.gather(x, i), expected, like=x)
    slopes = xdl.grad(lambda x: xdl.array_namespace(x).sum(nn.gather(x, i)), engine="tape")(x)
    assert_equal(slopes, np.zeros(shape), like=x)


@given(st.integers(1, 5), st.lists(st.integers(-7, 7), max_size=6), st.integers(0, 2))
@pytest.mark.xp_only("numpy", "torch", reason="hypothesis: many small calls, cheap there")
def test_properties(xp, n, index, axis):
    """As the definition says, entry by entry."""
    shape = [2, 3, 2]
    shape[axis] = n
    x = RNG.normal(size=shape)
    found = values(nn.gather(xp.asarray(x), xp.asarray(index, dtype=xp.int64), axis=axis))
    for k, i in enumerate(index):
        wanted = np.take(x, i, axis=axis) if -n <= i < n else np.nan
        np.testing.assert_array_equal(np.take(found, k, axis=axis), wanted)


def test_gather_nd(xp):
    x = xp.asarray(X, dtype=xp.float32)
    i, j = np.asarray([[0], [-1]]), np.asarray([4, 0, -5])
    args = xp.asarray(i), xp.asarray(j)
    y = also_jit(lambda x, i, j: nn.gather_nd(x, (i, j)), x, *args)
    assert_equal(y, values(x)[i, j], like=x)
    k = np.asarray(1)
    assert_equal(nn.gather_nd(x, (*args, xp.asarray(k))), values(x)[i, j, k], like=x)
    outside = nn.gather_nd(x, (xp.asarray([3, 4, 0, -5]), xp.asarray([0, 0, 5, -6])))
    assert np.isnan(values(outside)).all(axis=-1).tolist() == [False, True, True, True]


def test_derivatives_of_gather_nd(xp):
    import torch

    i, j = np.asarray([0, 2, 0]), np.asarray([1, 1, 1])
    assert_derivatives(
        xp,
        lambda x: nn.gather_nd(x * x, (xp.asarray(i), xp.asarray(j))),
        lambda x: (x * x)[torch.tensor(i), torch.tensor(j)],
        X[:3, :2],
    )


def test_under_vmap(xp):
    x, i = xp.asarray(X[:, :, 0], dtype=widest(xp)), xp.asarray([0, 9, -1])
    y = xdl.vmap(lambda row: nn.gather(row, i))(x)
    assert_close(y, np.where([True, False, True], X[:, [0, 0, -1], 0], np.nan), like=x)


def test_errors(xp):
    x, i = xp.zeros((3, 2), dtype=xp.float32), xp.zeros(2, dtype=xp.int32)
    for index in (x, [0, 1]):
        with pytest.raises(TypeError, match="integers"):
            nn.gather(x, index)
    with pytest.raises(ValueError, match="axis"):
        nn.gather(x, i, axis=2)
    with pytest.raises(ValueError, match="1 to 2 index arrays"):
        nn.gather_nd(x, (i, i, i))
    with pytest.raises(ValueError, match="1 to 2 index arrays"):
        nn.gather_nd(x, ())
