import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
P, T = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_mse(xp, reduction):
    import torch.nn.functional as F

    p, t = xp.asarray(P, dtype=widest(xp)), xp.asarray(T, dtype=widest(xp))
    d = (values(p) - values(t)) ** 2
    expected = d if reduction == "none" else getattr(d, reduction)()
    y = also_jit(lambda p, t: nn.mse(p, t, reduction=reduction), p, t, fullgraph=True)
    assert_close(y, expected, like=p)
    assert_derivatives(
        xp,
        lambda p, t: nn.mse(p, t, reduction=reduction),
        lambda p, t: F.mse_loss(p, t, reduction=reduction),
        P,
        T,
    )


def test_mse_of_a_target_of_another_type(xp64):
    p, t = xp64.asarray(P, dtype=xp64.float32), xp64.asarray(T, dtype=xp64.float64)
    assert_close(nn.mse(p, t), np.mean((P - T) ** 2), like=p)
    assert_close(nn.mse(p, xp64.ones((4, 3), dtype=xp64.int32)), np.mean((P - 1) ** 2), like=p)


def test_mse_of_nothing(xp):
    x = xp.zeros((0, 3), dtype=xp.float32)
    assert_equal(nn.mse(x, x), math.nan, like=x)
    assert_equal(nn.mse(x, x, reduction="sum"), 0.0, like=x)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_mse_in_half_precision(xp):
    """The sum of 4096 squares is past the largest float16; their mean is not."""
    x = xp.full((4096,), 20.0, dtype=xp.float16)
    y = xp.zeros_like(x)
    assert_close(nn.mse(x, y), 400.0, like=x)
    for engine in (None, "tape"):
        assert_close(xdl.grad(nn.mse, engine=engine)(x, y), np.full(4096, 40 / 4096), like=x)


@pytest.mark.parametrize("shapes", [((4, 3), (4,)), ((4, 3), (1, 3)), ((4, 1), (4,)), ((), (1,))])
def test_mse_broadcasts_nothing(xp, shapes):
    """(n, 1) against (n,) is the classical silent mistake: an (n, n) table of differences."""
    with pytest.raises(ValueError, match="of one shape"):
        nn.mse(*(xp.ones(s, dtype=xp.float32) for s in shapes))
    with pytest.raises(ValueError, match="reduction"):
        nn.mse(xp.ones(2), xp.ones(2), reduction="avg")
