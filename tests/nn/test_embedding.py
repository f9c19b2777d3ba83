import math

import numpy as np
import pytest
from asserts import also_jit, assert_equal, values
from oracles import assert_derivatives

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(7, 3))
TOKENS = np.asarray([[2, 0, 6], [1, 2, 2]])


def test_values_and_derivatives_are_those_of_torch(xp):
    import torch
    import torch.nn.functional as F

    table, tokens = xp.asarray(TABLE, dtype=xp.float32), xp.asarray(TOKENS)
    y = also_jit(nn.embedding, table, tokens, fullgraph=True)
    assert_equal(y, values(table)[TOKENS], like=table)
    assert_derivatives(
        xp,
        lambda t: nn.embedding(t * t, tokens),
        lambda t: F.embedding(torch.tensor(TOKENS), t * t),
        TABLE,
    )


def test_a_token_outside_gives_nan(xp):
    """A negative one too: it is no place from the end."""
    table = xp.asarray(TABLE, dtype=xp.float32)
    tokens = xp.asarray([1, -1, 7])
    expected = np.asarray(values(table)[[1, 1, 1]])
    expected[1:] = math.nan
    for context in (xdl.portable, _nothing):
        with context():
            assert_equal(nn.embedding(table, tokens), expected, like=table)
    for engine in (None, "tape"):
        pull = xdl.vjp(lambda t: nn.embedding(t, tokens), table, engine=engine)[1]
        slopes = values(pull(xp.ones((3, 3), dtype=xp.float32))[0])
        assert slopes.sum(axis=1).tolist() == [0, 3, 0, 0, 0, 0, 0]


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_padding_gives_zeros_and_no_derivative(xp):
    table, tokens = xp.asarray(TABLE, dtype=xp.float32), xp.asarray([2, 1, 2])
    y = also_jit(lambda t, i: nn.embedding(t, i, padding_index=2), table, tokens, fullgraph=True)
    expected = np.zeros((3, 3), np.float32)
    expected[1] = values(table)[1]
    assert_equal(y, expected, like=table)
    for engine in (None, "tape"):
        pull = xdl.vjp(lambda t: nn.embedding(t, tokens, padding_index=2), table, engine=engine)[1]
        slopes = values(pull(xp.ones((3, 3), dtype=xp.float32))[0])
        assert slopes.sum(axis=1).tolist() == [0, 3, 0, 0, 0, 0, 0]


def test_no_tokens(xp):
    table = xp.asarray(TABLE, dtype=xp.float32)
    assert_equal(nn.embedding(table, xp.zeros((0, 2), dtype=xp.int32)), np.zeros((0, 2, 3)), like=table)


def test_errors(xp):
    table, tokens = xp.asarray(TABLE, dtype=xp.float32), xp.asarray(TOKENS)
    with pytest.raises(ValueError, match=r"`table` \(n, d\)"):
        nn.embedding(table[0, ...], tokens)
    with pytest.raises(TypeError, match="integers"):
        nn.embedding(table, table)
    for padding in (7, -1, 1.0):
        with pytest.raises(ValueError, match="padding_index"):
            nn.embedding(table, tokens, padding_index=padding)


@pytest.mark.parametrize("axis", [-1, 0, 1, -3])
def test_one_hot_is_jaxs(xp, axis):
    import jax

    index = np.asarray([[0, 4, -1], [5, 2, 2]])
    x = xp.asarray(index)
    y = also_jit(lambda x: nn.one_hot(x, 5, axis=axis), x, fullgraph=True)
    assert_equal(y, np.asarray(jax.nn.one_hot(index, 5, axis=axis)), like=xp.asarray(0.0, dtype=xp.float32))
    assert nn.one_hot(x, 5, dtype=xp.int32).dtype == xp.int32
    assert nn.one_hot(x, 0).shape == (2, 3, 0)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_one_hot_of_few_bits(xp, dtype):
    x = xp.asarray([7, 100], dtype=getattr(xp, dtype))
    assert np.argmax(values(nn.one_hot(x, 300)), axis=-1).tolist() == [7, 100]


def test_one_hot_errors(xp):
    i = xp.asarray([0, 1])
    with pytest.raises(TypeError, match="integers"):
        nn.one_hot(xp.asarray([0.0]), 2)
    for n in (-1, 2.0, True):
        with pytest.raises(ValueError, match="`n`"):
            nn.one_hot(i, n)
    with pytest.raises(ValueError, match="axis"):
        nn.one_hot(i, 2, axis=2)
