import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn
from xdl.core._backends import current_backend

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 4, 6))
W, B = RNG.normal(size=(2, 6))


def by_torch(f, x, *args, **options):
    """Channels last."""
    import torch

    y = getattr(torch.nn.functional, f)(torch.tensor(np.moveaxis(x, -1, 1)), *args, **options)
    return np.moveaxis(y.numpy(), 1, -1)


@pytest.mark.parametrize("x", [X, X[:, 0], X[:, 0, 0]], ids=["images", "sequences", "features"])
@pytest.mark.parametrize("groups", [1, 2, 3])
def test_group_norm_is_that_of_torch(xp, x, groups):
    import torch

    dtype = widest(xp)
    args = [xp.asarray(a, dtype=dtype) for a in (x, W, B)]
    y = also_jit(lambda x, w, b: nn.group_norm(x, w, b, groups=groups), *args, fullgraph=groups == 2)
    expected = by_torch("group_norm", x, groups, torch.tensor(W), torch.tensor(B))
    assert_close(y, expected, like=args[0], rtol=1e-5)
    assert_close(
        nn.group_norm(args[0], groups=groups), by_torch("group_norm", x, groups), like=args[0], rtol=1e-5
    )


def test_instance_norm_is_that_of_torch(xp):
    import torch

    args = [xp.asarray(a, dtype=widest(xp)) for a in (X, W, B)]
    y = also_jit(nn.instance_norm, *args, fullgraph=True)
    expected = by_torch("instance_norm", X, weight=torch.tensor(W), bias=torch.tensor(B))
    assert_close(y, expected, like=args[0], rtol=1e-5)


def test_derivatives_are_those_of_torch(xp):
    import torch

    f = torch.nn.functional

    def theirs(x, w, b):
        return f.group_norm(x.movedim(-1, 1), 3, w, b).movedim(1, -1)

    assert_derivatives(xp, lambda x, w, b: nn.group_norm(x, w, b, groups=3), theirs, X[:, :2, :2], W, B)

    def of_instances(x):
        return f.instance_norm(x.movedim(-1, 1)).movedim(1, -1)

    assert_derivatives(xp, nn.instance_norm, of_instances, X[:, 0])


@pytest.mark.xp_skip("mock", "strict", reason="check_grads compares on the host; its tape is that of NumPy")
@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_agree_with_differences(xp64, engine):
    options = {"engine": engine, "compiled": current_backend().name == "jax"}
    x, w, b = (xp64.asarray(a, dtype=xp64.float64) for a in (X[:, 0], W, B))
    xdl.check_grads(lambda x, w, b: nn.group_norm(x, w, b, groups=2, eps=0.1), (x, w, b), **options)


def test_one_position_and_one_channel_is_the_bias(xp):
    x, b = xp.asarray(X[:, :1, 0], dtype=xp.float32), xp.asarray(B, dtype=xp.float32)
    assert_equal(nn.instance_norm(x, None, b), np.broadcast_to(values(b), (2, 1, 6)), like=x)


def test_empty_batches_and_images(xp):
    for shape in [(0, 3, 6), (2, 0, 6), (2, 3, 0)]:
        x = xp.ones(shape, dtype=xp.float32)
        assert_equal(nn.group_norm(x, groups=1), x)
        assert_equal(nn.instance_norm(x), x)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_has_statistics_in_single(xp):
    x = xp.asarray(np.where(np.arange(40_000) % 2 == 0, 2.0, 4.0)[None, :, None], dtype=xp.float16)
    expected = np.where(np.arange(40_000) % 2 == 0, -1.0, 1.0)[None, :, None]
    assert_close(nn.instance_norm(x), expected, like=x, rtol=2e-3)


def test_bad_input(xp):
    x = xp.ones((2, 3, 6), dtype=xp.float32)
    for groups in (4, 0, 2.0, True):
        with pytest.raises(ValueError, match="`groups` must be a positive divisor of the 6 channels"):
            nn.group_norm(x, groups=groups)
    with pytest.raises(ValueError, match=r"`weight` of shape \(6,\)"):
        nn.group_norm(x, xp.ones(3, dtype=xp.float32), groups=2)
    with pytest.raises(ValueError, match="expected `x` of shape"):
        nn.instance_norm(xp.ones(3, dtype=xp.float32))
