import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn
from xdl.core._backends import current_backend

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4, 5))
W, B = RNG.normal(size=(2, 5))
W2, B2 = RNG.normal(size=(2, 4, 5))


def by_torch(x, *parameters, shape=(5,), eps=1e-5):
    import torch

    args = [torch.tensor(a) for a in parameters]
    return torch.nn.functional.layer_norm(torch.tensor(x), shape, *args, eps=eps).numpy()


@pytest.mark.parametrize("parameters", [(), (W,), (W, B)])
def test_layer_norm_is_that_of_torch(xp, parameters):
    dtype = widest(xp)
    args = [xp.asarray(a, dtype=dtype) for a in (X, *parameters)]
    y = also_jit(nn.layer_norm, *args, fullgraph=True)
    assert_close(y, by_torch(X, *parameters), like=args[0], rtol=1e-5)


def test_layer_norm_over_several_axes(xp):
    dtype = widest(xp)
    x, w, b = (xp.asarray(a, dtype=dtype) for a in (X, W2, B2))
    for axis in [(1, 2), (-1, -2)]:
        assert_close(nn.layer_norm(x, w, b, axis=axis), by_torch(X, W2, B2, shape=(4, 5)), like=x, rtol=1e-5)
    first = nn.layer_norm(x, xp.asarray(W2[:3, 0], dtype=dtype), axis=0)
    expected = by_torch(np.moveaxis(X, 0, -1), W2[:3, 0], shape=(3,))
    assert_close(first, np.moveaxis(expected, -1, 0), like=x, rtol=1e-5)


def test_layer_norm_is_standardize_of_jax(xp):
    import jax

    x = xp.asarray(X, dtype=xp.float32)
    expected = jax.nn.standardize(X.astype(np.float32), axis=1, epsilon=1e-3)
    assert_close(nn.layer_norm(x, axis=1, eps=1e-3), np.asarray(expected), like=x, rtol=1e-4, atol=1e-5)


def test_rms_norm_is_that_of_torch(xp):
    import torch

    x, w = (xp.asarray(a, dtype=widest(xp)) for a in (X, W))
    y = also_jit(lambda x, w: nn.rms_norm(x, w, eps=1e-3), x, w, fullgraph=True)
    expected = torch.nn.functional.rms_norm(torch.tensor(X), (5,), torch.tensor(W), eps=1e-3)
    assert_close(y, expected.numpy(), like=x, rtol=1e-5)


def test_derivatives_are_those_of_torch(xp):
    import torch

    f = torch.nn.functional
    assert_derivatives(xp, nn.layer_norm, lambda x, w, b: f.layer_norm(x, (5,), w, b), X[0], W, B)
    assert_derivatives(xp, nn.layer_norm, lambda x: f.layer_norm(x, (5,)), X[0])
    assert_derivatives(xp, nn.rms_norm, lambda x, w: f.rms_norm(x, (5,), w, eps=1e-5), X[0], W)


@pytest.mark.xp_skip("mock", "strict", reason="check_grads compares on the host; its tape is that of NumPy")
@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_agree_with_differences(xp64, engine):
    options = {"engine": engine, "compiled": current_backend().name == "jax"}
    x, w, b = (xp64.asarray(a, dtype=xp64.float64) for a in (X[0], W, B))
    xdl.check_grads(lambda x, w, b: nn.layer_norm(x, w, b, eps=0.1), (x, w, b), **options)
    xdl.check_grads(lambda x, w: nn.rms_norm(x, w, eps=0.1), (x, w), **options)


def test_a_large_mean_does_not_cancel(xp):
    """The mean square less the squared mean would have no digit left: 1e8 in units of 8."""
    x = xp.asarray(1e4 + np.round(X * 64) / 64, dtype=xp.float32)
    exact = values(x).astype(np.float64)
    expected = (exact - exact.mean(-1, keepdims=True)) / np.sqrt(exact.var(-1, keepdims=True) + 1e-5)
    # the mean itself is rounded to 1e-3
    assert_close(nn.layer_norm(x), expected, like=x, rtol=0, atol=2e-3)
    with xdl.portable():
        assert_close(nn.layer_norm(x), expected, like=x, rtol=0, atol=2e-3)


def test_eps_is_inside_of_the_root(xp):
    x = xp.asarray([[-1.0, 1.0]], dtype=xp.float32)
    assert_close(nn.layer_norm(x, eps=3.0), [[-0.5, 0.5]], like=x)
    assert_close(nn.rms_norm(x, eps=3.0), [[-0.5, 0.5]], like=x)


def test_constant_rows_are_zero(xp):
    """Also their derivatives are finite: the root is taken of eps."""
    x = xp.full((2, 6), 7.0, dtype=xp.float32)
    assert_equal(nn.layer_norm(x), np.zeros((2, 6)), like=x)
    for engine in (None, "tape"):
        slope = xdl.grad(lambda x: xdl.array_namespace(x).sum(nn.layer_norm(x)), engine=engine)(x)
        assert np.all(np.isfinite(values(slope)))


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_has_statistics_in_single(xp):
    """The sum of 40,000 numbers overflows float16, and stagnates before that."""
    row = np.where(np.arange(40_000) % 2 == 0, 2.0, 4.0)
    x = xp.asarray(np.stack([row, -row]), dtype=xp.float16)
    signs = np.where(np.arange(40_000) % 2 == 0, -1.0, 1.0)
    for weight in (None, xp.ones(40_000, dtype=xp.float16), xp.ones(40_000, dtype=xp.float32)):
        y = nn.layer_norm(x, weight)
        assert_close(y, np.stack([signs, -signs]), like=x, rtol=2e-3)
        assert_close(nn.rms_norm(x, weight), values(x) / np.sqrt(10), like=x, rtol=2e-3)


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (1,), (2, 1)])
def test_empty_and_single(xp, shape):
    x = xp.ones(shape, dtype=xp.float32)
    assert_equal(nn.layer_norm(x), np.zeros(shape), like=x)
    assert nn.rms_norm(x).shape == shape
    slopes = xdl.grad(lambda x: xdl.array_namespace(x).sum(nn.layer_norm(x)), engine="tape")(x)
    assert_equal(slopes, np.zeros(shape), like=x)


def test_bad_input(xp):
    x, w = xp.ones((2, 3), dtype=xp.float32), xp.ones(2, dtype=xp.float32)
    with pytest.raises(ValueError, match=r"`weight` of shape \(3,\)"):
        nn.layer_norm(x, w)
    with pytest.raises(ValueError, match=r"`bias` of shape \(3,\)"):
        nn.layer_norm(x, None, xp.ones((1, 3), dtype=xp.float32))
    with pytest.raises(ValueError, match="`weight`"):
        nn.rms_norm(x, w)
    with pytest.raises(ValueError, match="axis"):
        nn.layer_norm(x, axis=2)
    with pytest.raises(ValueError, match="axis"):
        nn.layer_norm(x, axis=())
    with pytest.raises(ValueError, match="`eps`"):
        nn.layer_norm(x, eps=-1.0)
    with pytest.raises(TypeError, match="floating"):
        nn.layer_norm(xp.asarray([[1, 2, 3]]))


def test_nothing_is_promoted(xp64):
    with pytest.raises(TypeError, match="`weight` of the dtype"):
        nn.layer_norm(xp64.ones((2, 3), dtype=xp64.float32), xp64.ones(3, dtype=xp64.float64))
