import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
W, B = RNG.normal(size=(4, 3)), RNG.normal(size=3)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 5, 4), (0, 4), (2, 0, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_values(xp, shape, bias):
    x, w, b = (xp.asarray(v, dtype=widest(xp)) for v in (RNG.normal(size=shape), W, B))
    y = also_jit(nn.linear, *((x, w, b) if bias else (x, w)), fullgraph=True)
    expected = np.einsum("...i,ij->...j", values(x), W)
    assert_close(y, expected + B if bias else expected, like=x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 5, 4)])
def test_derivatives_are_those_of_torch(xp, shape):
    import torch

    x = RNG.normal(size=shape)
    assert_derivatives(xp, nn.linear, lambda x, w, b: torch.nn.functional.linear(x, w.T, b), x, W, B)
    assert_derivatives(xp, nn.linear, lambda x, w: x @ w, x, W)


def test_only_wanted_derivatives_are_computed():
    """The first layer of a network wants no derivative with respect to the data."""
    from xdl.nn._linear import linear_pullback

    x, w = np.ones((5, 4)), np.ones((4, 3))
    dx, dw, db = linear_pullback(np.ones((5, 3)), x, w, wanted=(False, True, False))
    assert dx is None
    assert db is None
    assert_equal(dw, np.full((4, 3), 5.0))


def test_one_argument_traced_at_a_time(xp):
    x, w, b = (xp.asarray(v, dtype=xp.float32) for v in (RNG.normal(size=(5, 4)), W, B))
    for k in range(3):
        one = xdl.grad(lambda *a: xdl.array_namespace(*a).sum(nn.linear(*a)), k, engine="tape")(x, w, b)
        both = xdl.grad(lambda *a: xdl.array_namespace(*a).sum(nn.linear(*a)), (0, 1, 2), engine="tape")(
            x, w, b
        )
        assert_close(one, both[k])


@pytest.mark.parametrize("shapes", [((5, 3), (4, 3), (3,)), ((5, 4), (4,), (3,)), ((), (4, 3), (3,)),
                                    ((5, 4), (4, 3), (1,)), ((5, 4), (4, 3), (4,)), ((5, 4), (4, 3), (5, 3)),
                                    ((4, 5), (2, 4, 3), (3,))])  # fmt: skip
def test_nothing_is_broadcast(xp, shapes):
    with pytest.raises(ValueError, match="expected `"):
        nn.linear(*(xp.ones(s, dtype=xp.float32) for s in shapes))


def test_nothing_is_promoted(xp64):
    x, w = xp64.ones((5, 4), dtype=xp64.float64), xp64.ones((4, 3), dtype=xp64.float32)
    with pytest.raises(TypeError, match=r"one dtype.*astype"):
        nn.linear(x, w)
    with pytest.raises(TypeError, match="one dtype"):
        nn.linear(xp64.astype(x, xp64.float32), w, xp64.ones(3, dtype=xp64.float64))
