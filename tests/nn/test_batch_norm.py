import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn
from xdl.core._backends import current_backend

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5))
IMAGES = RNG.normal(size=(2, 3, 4, 5))
W, B, M = RNG.normal(size=(3, 5))
V = 0.5 + RNG.random(5)


def by_torch(x, *parameters, mean=None, var=None):
    """Channels last."""
    import torch

    z = torch.tensor(np.moveaxis(x, -1, 1))
    tensors = [None if a is None else torch.tensor(a) for a in (mean, var, *parameters)]
    y = torch.nn.functional.batch_norm(z, *tensors, training=mean is None)
    return np.moveaxis(y.numpy(), 1, -1)


@pytest.mark.parametrize("x", [X, IMAGES], ids=["features", "images"])
def test_by_the_batch_as_torch(xp, x):
    dtype = widest(xp)
    args = [xp.asarray(a, dtype=dtype) for a in (x, W, B)]
    y, mean, var = also_jit(nn.batch_norm, *args, fullgraph=True)
    assert_close(y, by_torch(x, W, B), like=args[0], rtol=1e-5)
    axes = tuple(range(x.ndim - 1))
    assert_close(mean, x.mean(axes), like=args[0])
    assert_close(var, x.var(axes), like=args[0])
    assert_close(nn.batch_norm(args[0])[0], by_torch(x), like=args[0], rtol=1e-5)


@pytest.mark.parametrize("x", [X, IMAGES, X[0]], ids=["features", "images", "one"])
def test_by_given_statistics_as_torch(xp, x):
    dtype = widest(xp)
    z, w, b, m, v = (xp.asarray(a, dtype=dtype) for a in (x, W, B, M, V))
    y = also_jit(lambda x, w, b, m, v: nn.batch_norm(x, w, b, mean=m, var=v), z, w, b, m, v, fullgraph=True)
    expected = by_torch(x if x.ndim > 1 else x[None], W, B, mean=M, var=V)
    assert_close(y, expected if x.ndim > 1 else expected[0], like=z, rtol=1e-5)


def test_derivatives_are_those_of_torch(xp):
    import torch

    f = torch.nn.functional
    assert_derivatives(
        xp,
        lambda x, w, b: nn.batch_norm(x, w, b)[0],
        lambda x, w, b: f.batch_norm(x, None, None, w, b, training=True),
        X, W, B,
    )  # fmt: skip

    def inference(x, m, v, w, b):
        return (x - m) / torch.sqrt(v + 1e-5) * w + b

    assert_derivatives(
        xp, lambda x, m, v, w, b: nn.batch_norm(x, w, b, mean=m, var=v), inference, X, M, V, W, B
    )


def test_derivatives_of_the_statistics(xp):
    def ours(x):
        _, mean, var = nn.batch_norm(x)
        return mean * var

    assert_derivatives(xp, ours, lambda x: x.mean(0) * x.var(0, correction=0), X)


@pytest.mark.xp_skip("mock", "strict", reason="check_grads compares on the host; its tape is that of NumPy")
@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_agree_with_differences(xp64, engine):
    options = {"engine": engine, "compiled": current_backend().name == "jax"}
    x, w, b, m, v = (xp64.asarray(a, dtype=xp64.float64) for a in (X, W, B, M, V))
    xdl.check_grads(lambda x, w, b: nn.batch_norm(x, w, b, eps=0.1), (x, w, b), **options)
    xdl.check_grads(lambda x, m, v, w, b: nn.batch_norm(x, w, b, mean=m, var=v), (x, m, v, w, b), **options)


def test_a_large_mean_does_not_cancel(xp):
    x = xp.asarray(1e4 + np.round(X * 64) / 64, dtype=xp.float32)
    exact = values(x).astype(np.float64)
    y, mean, var = nn.batch_norm(x)
    # the mean is rounded to 1e-3, the squares are not of its size
    assert_close(var, exact.var(0), like=x, rtol=1e-4)
    assert_close(y, (exact - exact.mean(0)) / np.sqrt(exact.var(0) + 1e-5), like=x, rtol=0, atol=2e-3)
    again = nn.batch_norm(x, xp.ones(5, dtype=xp.float32), mean=mean, var=var)
    assert_close(again, y, rtol=0, atol=1e-3)


def test_many_samples_of_a_large_mean():
    """On NumPy in blocks, whose variances are put together."""
    x = (1e3 + np.random.default_rng(0).normal(size=(40_000, 8)) + np.linspace(0, 3, 40_000)[:, None]).astype(
        "f4"
    )
    _, mean, var = nn.batch_norm(x)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean(0), rtol=2e-7)
    np.testing.assert_allclose(var, exact.var(0), rtol=1e-5)


def test_one_sample_is_the_bias(xp):
    x, w, b = (xp.asarray(a, dtype=xp.float32) for a in (X[:1], W, B))
    y, mean, var = nn.batch_norm(x, w, b)
    assert_equal(y, values(b)[None], like=x)
    assert_equal(mean, values(x)[0], like=x)
    assert_equal(var, np.zeros(5), like=x)
    for engine in (None, "tape"):
        slopes = xdl.grad(lambda x: xdl.array_namespace(x).sum(nn.batch_norm(x, w, b)[0]), engine=engine)(x)
        assert_equal(slopes, np.zeros((1, 5)), like=x)


def test_an_empty_batch_is_empty(xp):
    x, w, b = xp.ones((0, 5), dtype=xp.float32), xp.ones(5, dtype=xp.float32), xp.ones(5, dtype=xp.float32)
    y, mean, var = nn.batch_norm(x, w, b)
    assert_equal((y, mean, var), (x, xp.zeros_like(w), xp.zeros_like(w)))
    assert_equal(nn.batch_norm(x, w, b, mean=w, var=b), x)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_has_statistics_in_single(xp):
    x = xp.asarray(np.where(np.arange(40_000) % 2 == 0, 2.0, 4.0)[:, None], dtype=xp.float16)
    y, mean, var = nn.batch_norm(x)
    assert_close(y, np.where(np.arange(40_000) % 2 == 0, -1.0, 1.0)[:, None], like=x, rtol=2e-3)
    assert_close((mean, var), (xp.asarray([3.0], dtype=xp.float32), xp.asarray([1.0], dtype=xp.float32)))
    assert_close(nn.batch_norm(x, mean=mean, var=var), y)


def test_bad_input(xp):
    x, w = xp.ones((2, 3), dtype=xp.float32), xp.ones(2, dtype=xp.float32)
    three = xp.ones(3, dtype=xp.float32)
    with pytest.raises(ValueError, match=r"`weight` of shape \(3,\)"):
        nn.batch_norm(x, w)
    with pytest.raises(ValueError, match=r"`mean` of shape \(3,\)"):
        nn.batch_norm(x, mean=w, var=three)
    with pytest.raises(ValueError, match="go together"):
        nn.batch_norm(x, mean=three)
    with pytest.raises(ValueError, match="scalar"):
        nn.batch_norm(xp.asarray(1.0, dtype=xp.float32))
    with pytest.raises(ValueError, match="`eps`"):
        nn.batch_norm(x, eps=-1.0)
