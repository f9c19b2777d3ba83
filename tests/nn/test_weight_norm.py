import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal
from oracles import assert_derivatives, widest

import xdl
from xdl import nn
from xdl.core._backends import current_backend

RNG = np.random.default_rng(0)
V, G = RNG.normal(size=(3, 4, 5)), RNG.normal(size=5)


def test_values_are_those_of_torch(xp):
    import torch

    v, g = (xp.asarray(a, dtype=widest(xp)) for a in (V, G))
    w = also_jit(nn.weight_norm, v, g, fullgraph=True)
    expected = torch._weight_norm(torch.tensor(V), torch.tensor(G).reshape(1, 1, 5), 2)
    assert_close(w, expected.numpy(), like=v, rtol=1e-5)
    first = nn.weight_norm(v, g[:3], axis=0)
    expected = torch._weight_norm(torch.tensor(V), torch.tensor(G[:3]).reshape(3, 1, 1), 0)
    assert_close(first, expected.numpy(), like=v, rtol=1e-5)
    whole = nn.weight_norm(v, xp.asarray(2.0, dtype=v.dtype), axis=None)
    assert_close(whole, 2 * V / np.linalg.norm(V), like=v, rtol=1e-5)


def test_derivatives_are_those_of_torch(xp):
    assert_derivatives(xp, nn.weight_norm, lambda v, g: g * v / v.square().sum((0, 1)).sqrt(), V[:, :2], G)


@pytest.mark.xp_skip("mock", "strict", reason="check_grads compares on the host; its tape is that of NumPy")
@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_agree_with_differences(xp64, engine):
    options = {"engine": engine, "compiled": current_backend().name == "jax"}
    v, g = (xp64.asarray(a, dtype=xp64.float64) for a in (V[:, 0], G))
    xdl.check_grads(nn.weight_norm, (v, g), **options)


def test_no_direction_gives_zeros(xp):
    v, g = xp.zeros((3, 2), dtype=xp.float32), xp.ones(2, dtype=xp.float32)
    assert_equal(nn.weight_norm(v, g), v)
    assert nn.weight_norm(v[:, :0], g[:0]).shape == (3, 0)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_has_lengths_in_single(xp):
    v = xp.full((10_000, 1), 10.0, dtype=xp.float16)
    assert_close(nn.weight_norm(v, xp.ones(1, dtype=xp.float16)), np.full((10_000, 1), 0.01), like=v)


def test_bad_input(xp):
    v = xp.ones((3, 2), dtype=xp.float32)
    with pytest.raises(ValueError, match=r"`g` of shape \(2,\)"):
        nn.weight_norm(v, xp.ones(3, dtype=xp.float32))
    with pytest.raises(ValueError, match=r"`g` of shape \(\)"):
        nn.weight_norm(v, xp.ones(2, dtype=xp.float32), axis=None)
    with pytest.raises(ValueError, match="axis"):
        nn.weight_norm(v, xp.ones(2, dtype=xp.float32), axis=2)
    with pytest.raises(TypeError, match="one dtype"):
        nn.weight_norm(v, xp.asarray([1, 2]))
