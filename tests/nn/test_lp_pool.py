import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives

import xdl
from xdl import nn

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("p", [1, 2, 3, 2.5])
def test_values_are_norms(xp, p):
    """Of the entries that `max_pool` would look at; the largest magnitude is what they tend to."""
    x = xp.asarray(RNG.normal(size=(2, 6, 8, 3)), dtype=xp.float32)
    y = also_jit(lambda x: nn.lp_pool(x, (3, 2), p), x)
    windows = values(x).reshape(2, 2, 3, 4, 2, 3).transpose(0, 1, 3, 5, 2, 4).reshape(2, 2, 4, 3, 6)
    assert_close(y, np.linalg.norm(windows, ord=p, axis=-1), like=x)
    near = nn.lp_pool(x, (3, 2), 60.0)
    assert_close(near, nn.max_pool(xp.abs(x), (3, 2)), rtol=0.04)


@pytest.mark.parametrize("p", [2, 4])
def test_derivatives_are_those_of_torch(xp, p):
    """With an even exponent signs do not matter, which PyTorch keeps."""
    import torch

    def theirs(x):
        y = torch.nn.functional.lp_pool2d(torch.movedim(x, -1, 1), p, (2, 3), stride=(2, 1))
        return torch.movedim(y, 1, -1)

    x = RNG.normal(size=(1, 5, 6, 2))
    assert_derivatives(xp, lambda x: nn.lp_pool(x, (2, 3), p, stride=(2, 1)), theirs, x, rtol=1e-3)


@pytest.mark.xp_skip("mock", reason="check_grads compares values on the host")
@pytest.mark.parametrize("p", [1, 2, 3, 1.5])
def test_derivatives_agree_with_differences(xp64, p):
    x = xp64.asarray(RNG.choice([-1, 1], size=(1, 5, 4, 2)) * (0.5 + RNG.random((1, 5, 4, 2))))
    xdl.check_grads(lambda x: nn.lp_pool(x, 2, p, padding=((1, 0), (0, 0))), (x,), order=2, engine="tape")


@pytest.mark.parametrize("p", [1, 2, 3, 1.5])
def test_zeros_have_norm_and_derivative_zero(xp, p):
    x = xp.zeros((1, 4, 1), dtype=xp.float32)
    for engine in (None, "tape"):
        y, pull = xdl.vjp(lambda x: nn.lp_pool(x, 2, p), x, engine=engine)
        assert_equal(y, np.zeros((1, 2, 1)), like=x)
        assert_equal(pull(xp.ones_like(y))[0], np.zeros((1, 4, 1)), like=x)


def test_nan_spreads(xp):
    x = xp.asarray([[[np.nan], [1.0], [3.0], [4.0]]], dtype=xp.float32)
    assert_equal(nn.lp_pool(x, 2, 2), [[[np.nan], [5.0]]], like=x)


@pytest.mark.parametrize("p", [0, -1.0, np.inf, np.nan])
def test_errors(xp, p):
    with pytest.raises(ValueError, match="`p`"):
        nn.lp_pool(xp.ones((1, 4, 1), dtype=xp.float32), 2, p)
    with pytest.raises(TypeError, match="floating"):
        nn.lp_pool(xp.ones((1, 4, 1), dtype=xp.complex64), 2, 2)
