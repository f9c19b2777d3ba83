import contextlib
import math

import numpy as np
import pytest
import scipy.special
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn

SPREAD = np.concatenate([np.linspace(-9, 9, 31), [-40.0, -21.0, 21.0, 40.0, -1e4, 1e4]])


def by_torch(name):
    import torch
    import torch.nn.functional as F

    return {
        "relu": F.relu,
        "sigmoid": torch.sigmoid,
        "softplus": lambda x: F.softplus(x, threshold=40.0),
        "tanh": torch.tanh,
        "gelu": lambda x: F.gelu(x, approximate="tanh"),
        "gelu exact": F.gelu,
    }[name]


OURS = {
    "relu": nn.relu,
    "sigmoid": nn.sigmoid,
    "softplus": nn.softplus,
    "tanh": nn.tanh,
    "gelu": nn.gelu,
    "gelu exact": lambda x: nn.gelu(x, approximate=False),
}

DEFINITIONS = {
    "relu": lambda x: (x + np.abs(x)) / 2,
    "sigmoid": scipy.special.expit,
    "softplus": lambda x: np.logaddexp(x, 0),
    "tanh": np.tanh,
    "gelu": lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu exact": lambda x: x * scipy.special.ndtr(x),
}


@pytest.mark.parametrize("name", OURS)
def test_values(xp, name):
    x = xp.asarray(SPREAD, dtype=widest(xp))
    y = also_jit(OURS[name], x, fullgraph=True)
    assert_close(y, DEFINITIONS[name](values(x)), like=x, atol=1e-14 if widest(xp) == xp.float64 else 1e-6)


@pytest.mark.parametrize("name", OURS)
def test_derivatives_are_those_of_torch(xp, name):
    """In single precision JAX's own second derivative of gelu cancels."""
    x = SPREAD[np.abs(SPREAD) < 100]
    single = {"atol": 5e-4} if widest(xp) == xp.float32 and name == "gelu" else {}
    assert_derivatives(xp, OURS[name], by_torch(name), x, **single)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_and_shape_are_kept(xp, name, dtype):
    if dtype == "float64" and widest(xp) == xp.float32:
        return
    for shape in [(), (0,), (2, 0, 3), (2, 1, 3)]:
        x = xp.ones(shape, dtype=getattr(xp, dtype))
        assert_close(OURS[name](x), np.full(shape, DEFINITIONS[name](np.ones(()))), like=x)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision(xp, name):
    x = xp.asarray(np.linspace(-9, 60, 47), dtype=xp.float16)
    y = OURS[name](x)
    assert_close(y, DEFINITIONS[name](values(x).astype(np.float64)), like=x)


@pytest.mark.parametrize("name", OURS)
def test_far_out_no_derivative_is_lost(xp, name):
    """Slopes are 0 or 1 at -1e4 and 1e4, and second derivatives are 0: neither NaN nor infinite."""
    x = xp.asarray([-1e4, 1e4], dtype=xp.float32)
    for engine in (None, "tape"):
        slope = xdl.grad(lambda x: xp_sum(OURS[name](x)), engine=engine)
        bend = xdl.grad(lambda x, slope=slope: xp_sum(slope(x)), engine=engine)
        right = 0.0 if name in ("sigmoid", "tanh") else 1.0
        assert_close(slope(x), [0.0, right], like=x)
        assert_close(bend(x), [0.0, 0.0], like=x)


@pytest.mark.parametrize("name", OURS)
def test_nothing_overflows(xp, name):
    """The cube of 1e30 is infinite in single precision, and infinity times 0 is NaN."""
    x = xp.asarray([-1e30, 1e30], dtype=xp.float32)
    bounded = name in ("sigmoid", "tanh")
    low = -1.0 if name == "tanh" else 0.0
    expected = [low, 1.0 if bounded else 1e30]
    for context in (xdl.portable(), contextlib.nullcontext()):
        with context:
            assert_close(OURS[name](x), expected, like=x)
            slope = xdl.grad(lambda x: xp_sum(OURS[name](x)), engine="tape")
            assert_close(slope(x), [0.0, 0.0 if bounded else 1.0], like=x)


def xp_sum(x):
    return xdl.array_namespace(x).sum(x)


def test_limits(xp):
    x = xp.asarray([-math.inf, math.inf], dtype=xp.float32)
    assert_equal(nn.relu(x), [0.0, math.inf], like=x)
    assert_equal(nn.sigmoid(x), [0.0, 1.0], like=x)
    assert_equal(nn.softplus(x), [0.0, math.inf], like=x)
    assert_equal(nn.tanh(x), [-1.0, 1.0], like=x)


@pytest.mark.parametrize("name", OURS)
def test_nan_stays(xp, name):
    x = xp.asarray([math.nan, 1.0], dtype=xp.float32)
    assert np.isnan(values(OURS[name](x))).tolist() == [True, False]


def test_sigmoid_is_accurate_in_both_tails(xp64):
    """The relative error, not the absolute one: products of small probabilities depend on it."""
    x = xp64.asarray([-700.0, -50.0, -1.0, 1.0, 50.0], dtype=xp64.float64)
    assert_close(nn.sigmoid(x), scipy.special.expit(values(x)), like=x, rtol=1e-14, atol=0)


def test_sigmoid_is_accurate_in_single_precision(xp):
    x = xp.asarray([-80.0, -20.0, -3.0], dtype=xp.float32)
    assert_close(nn.sigmoid(x), scipy.special.expit(values(x).astype(float)), like=x, rtol=1e-6, atol=0)


def test_slopes_at_zero(xp):
    """Of relu 0, as in every framework; of softplus 1/2, which a definition by the absolute value misses."""
    x = xp.asarray([0.0, -0.0], dtype=xp.float32)
    for engine in (None, "tape"):
        for f, slope in [(nn.relu, 0.0), (nn.softplus, 0.5), (nn.sigmoid, 0.25), (nn.gelu, 0.5)]:
            assert_close(xdl.grad(lambda x, f=f: xp_sum(f(x)), engine=engine)(x), [slope, slope], like=x)
            with xdl.portable():
                assert_close(xdl.grad(lambda x, f=f: xp_sum(f(x)), engine=engine)(x), [slope, slope], like=x)


def test_a_closed_relu_lets_no_infinity_through(xp):
    """A mask that multiplies would give 0 * inf = NaN."""
    x = xp.asarray([-1.0, 0.0, 2.0], dtype=xp.float32)
    c = xp.asarray([math.inf, -math.inf, math.inf], dtype=xp.float32)
    for engine in (None, "tape"):
        _, pullback = xdl.vjp(nn.relu, x, engine=engine)
        assert_equal(pullback(c)[0], [0.0, 0.0, math.inf], like=x)


def test_gelu_exact_and_approximate_differ_as_stated(xp):
    x = xp.linspace(-5.0, 5.0, 201, dtype=xp.float32)
    difference = np.abs(values(nn.gelu(x)) - values(nn.gelu(x, approximate=False))).max()
    assert 1e-4 < difference < 5e-4
