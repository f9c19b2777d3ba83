import contextlib
import math

import numpy as np
import pytest
import scipy.special
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_derivatives, widest

import xdl
from xdl import nn
from xdl.core._namespace import device_of

SPREAD = np.concatenate([np.linspace(-9, 9, 31), [-40.0, -21.0, 21.0, 40.0, -1e4, 1e4]])
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # as printed in the paper on selu, appendix


def by_torch(name):
    import torch
    import torch.nn.functional as F

    return {
        "elu 0.7": lambda x: F.elu(x, alpha=0.7),
        "celu 2": lambda x: F.celu(x, alpha=2.0),
        "gelu": lambda x: F.gelu(x, approximate="tanh"),
        "gelu exact": F.gelu,
        "glu": lambda x: F.glu(torch.stack([x, 0.5 * x + 1]), dim=0)[0],
        "hard_shrink": F.hardshrink,
        "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,  # F.hardsigmoid has no second derivative
        "hard_silu": F.hardswish,
        "hard_tanh": F.hardtanh,
        "lisht": lambda x: x * torch.tanh(x),
        "log_cosh": lambda x: x + F.softplus(-2 * x, threshold=700.0) - math.log(2),
        "log_sigmoid": F.logsigmoid,
        "prelu": lambda x: F.prelu(x, torch.tensor([0.25], dtype=x.dtype)),
        "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
        "rrelu": lambda x: F.rrelu(x, training=False),
        "sigmoid": torch.sigmoid,
        "soft_shrink": F.softshrink,
        "softplus": lambda x: F.softplus(x, threshold=40.0),
        "squareplus": lambda x: (x + torch.sqrt(x * x + 4)) / 2,
        "tanh": torch.tanh,
        "tanh_shrink": F.tanhshrink,
        "threshold": lambda x: F.threshold(x, 1.0, -2.0),
    }.get(name) or getattr(F, name)


def joined(x):
    return xdl.array_namespace(x).stack([x, 0.5 * x + 1], axis=0)


def quarter(x):
    return xdl.array_namespace(x).full((), 0.25, dtype=x.dtype, device=device_of(x))


OURS = {
    "celu": nn.celu,
    "celu 2": lambda x: nn.celu(x, alpha=2.0),
    "elu": nn.elu,
    "elu 0.7": lambda x: nn.elu(x, alpha=0.7),
    "gelu": nn.gelu,
    "gelu exact": lambda x: nn.gelu(x, approximate=False),
    "glu": lambda x: nn.glu(joined(x), axis=0)[0, ...],
    "hard_shrink": nn.hard_shrink,
    "hard_sigmoid": nn.hard_sigmoid,
    "hard_silu": nn.hard_silu,
    "hard_tanh": nn.hard_tanh,
    "leaky_relu": nn.leaky_relu,
    "lisht": nn.lisht,
    "log_cosh": nn.log_cosh,
    "log_sigmoid": nn.log_sigmoid,
    "mish": nn.mish,
    "prelu": lambda x: nn.prelu(x, quarter(x)),
    "quick_gelu": nn.quick_gelu,
    "relu": nn.relu,
    "relu6": nn.relu6,
    "rrelu": nn.rrelu,
    "selu": nn.selu,
    "sigmoid": nn.sigmoid,
    "silu": nn.silu,
    "soft_shrink": nn.soft_shrink,
    "softplus": nn.softplus,
    "softsign": nn.softsign,
    "squareplus": nn.squareplus,
    "tanh": nn.tanh,
    "tanh_shrink": nn.tanh_shrink,
    "threshold": lambda x: nn.threshold(x, threshold=1.0, value=-2.0),
}

DEFINITIONS = {
    "celu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "celu 2": lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0) / 2)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "elu 0.7": lambda x: np.where(x > 0, x, 0.7 * np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu exact": lambda x: x * scipy.special.ndtr(x),
    "glu": lambda x: x * scipy.special.expit(0.5 * x + 1),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "hard_sigmoid": lambda x: np.clip((x + 3) / 6, 0, 1),
    "hard_silu": lambda x: x * np.clip((x + 3) / 6, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "leaky_relu": lambda x: np.maximum(x, 0.01 * x),
    "lisht": lambda x: x * np.tanh(x),
    "log_cosh": lambda x: np.logaddexp(x, -x) - math.log(2),
    "log_sigmoid": scipy.special.log_expit,
    "mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
    "prelu": lambda x: np.maximum(x, 0.25 * x),
    "quick_gelu": lambda x: x * scipy.special.expit(1.702 * x),
    "relu": lambda x: (x + np.abs(x)) / 2,
    "relu6": lambda x: np.clip(x, 0, 6),
    "rrelu": lambda x: np.maximum(x, x * 11 / 48),
    "selu": lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0))),
    "sigmoid": scipy.special.expit,
    "silu": lambda x: x * scipy.special.expit(x),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "softplus": lambda x: np.logaddexp(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "squareplus": lambda x: np.where(x > 0, x + np.hypot(x, 2), 4 / (np.hypot(x, 2) - np.minimum(x, 0))) / 2,
    "tanh": np.tanh,
    "tanh_shrink": lambda x: x - np.tanh(x),
    "threshold": lambda x: np.where(x > 1, x, -2.0),
}

# slopes far to the left and far to the right, where they are not 0 and 1
FAR = {
    "hard_shrink": (1.0, 1.0),
    "hard_sigmoid": (0.0, 0.0),
    "hard_tanh": (0.0, 0.0),
    "leaky_relu": (0.01, 1.0),
    "lisht": (-1.0, 1.0),
    "log_cosh": (-1.0, 1.0),
    "log_sigmoid": (1.0, 0.0),
    "prelu": (0.25, 1.0),
    "relu6": (0.0, 0.0),
    "rrelu": (11 / 48, 1.0),
    "selu": (0.0, SCALE),
    "sigmoid": (0.0, 0.0),
    "soft_shrink": (1.0, 1.0),
    "softsign": (1e-8, 1e-8),
    "squareplus": (1e-8, 1.0),
    "tanh": (0.0, 0.0),
    "tanh_shrink": (1.0, 1.0),
}


@pytest.mark.parametrize("name", OURS)
def test_values(xp, name):
    x = xp.asarray(SPREAD, dtype=widest(xp))
    y = also_jit(OURS[name], x, fullgraph=True)
    assert_close(y, DEFINITIONS[name](values(x)), like=x, atol=2e-14 if widest(xp) == xp.float64 else 1e-6)


@pytest.mark.parametrize("name", OURS)
def test_derivatives_are_those_of_torch(xp, name):
    """In single precision JAX's own second derivative of gelu cancels."""
    x = np.concatenate([np.linspace(-8.7, 9.1, 9), [-40.0, 0.3, -0.4, 21.0]])
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
    x = xp.asarray(np.concatenate([np.linspace(-9, 60, 47), [-1e4, 1e4]]), dtype=xp.float16)
    y = OURS[name](x)
    assert_close(y, DEFINITIONS[name](values(x).astype(np.float64)), like=x)
    slope = xdl.grad(lambda x: xp_sum(OURS[name](x)), engine="tape")(x)
    assert_close(slope[-2:], FAR.get(name, (0.0, 1.0)), like=x)


@pytest.mark.parametrize("name", OURS)
def test_far_out_no_derivative_is_lost(xp, name):
    """Slopes are constant at -1e4 and 1e4, and second derivatives are 0: neither NaN nor infinite."""
    x = xp.asarray([-1e4, 1e4], dtype=xp.float32)
    for engine in (None, "tape"):
        slope = xdl.grad(lambda x: xp_sum(OURS[name](x)), engine=engine)
        bend = xdl.grad(lambda x, slope=slope: xp_sum(slope(x)), engine=engine)
        assert_close(slope(x), FAR.get(name, (0.0, 1.0)), like=x)
        assert_close(bend(x), [0.0, 0.0], like=x)


@pytest.mark.parametrize("name", OURS)
def test_nothing_overflows(xp, name):
    """The cube of 1e30 is infinite in single precision, and infinity times 0 is NaN."""
    x = xp.asarray([-1e30, 1e30], dtype=xp.float32)
    with np.errstate(over="ignore"):
        expected = DEFINITIONS[name](np.asarray([-1e30, 1e30]))
    for context in (xdl.portable(), contextlib.nullcontext()):
        with context:
            assert_close(OURS[name](x), expected, like=x)
            slope = xdl.grad(lambda x: xp_sum(OURS[name](x)), engine="tape")
            assert_close(slope(x), FAR.get(name, (0.0, 1.0)), like=x)


def xp_sum(x):
    return xdl.array_namespace(x).sum(x)


def test_limits(xp):
    inf = math.inf
    x = xp.asarray([-inf, inf], dtype=xp.float32)
    for name, limits in {
        "elu": (-1.0, inf),
        "hard_shrink": (-inf, inf),
        "hard_sigmoid": (0.0, 1.0),
        "hard_silu": (0.0, inf),
        "hard_tanh": (-1.0, 1.0),
        "leaky_relu": (-inf, inf),
        "log_cosh": (inf, inf),
        "log_sigmoid": (-inf, 0.0),
        "relu": (0.0, inf),
        "relu6": (0.0, 6.0),
        "sigmoid": (0.0, 1.0),
        "soft_shrink": (-inf, inf),
        "softplus": (0.0, inf),
        "squareplus": (0.0, inf),
        "tanh": (-1.0, 1.0),
        "threshold": (-2.0, inf),
    }.items():
        assert_close(OURS[name](x), limits, like=x)


@pytest.mark.parametrize("name", OURS)
def test_nan_stays(xp, name):
    x = xp.asarray([math.nan, 1.0], dtype=xp.float32)
    assert np.isnan(values(OURS[name](x))).tolist() == [True, False]


# slope at each kink
KINKS = {
    "celu 2": {0.0: 1.0},
    "elu": {0.0: 1.0},
    "elu 0.7": {0.0: 0.7},
    "hard_shrink": {-0.5: 0.0, 0.5: 0.0},
    "hard_sigmoid": {-3.0: 0.0, 3.0: 0.0},
    "hard_silu": {-3.0: 0.0, 3.0: 1.0},
    "hard_tanh": {-1.0: 0.0, 1.0: 0.0},
    "leaky_relu": {0.0: 0.01},
    "log_cosh": {0.0: 0.0, -1.0: -math.tanh(1), 1.0: math.tanh(1)},
    "prelu": {0.0: 0.25},
    "relu": {0.0: 0.0},
    "relu6": {0.0: 0.0, 6.0: 0.0},
    "rrelu": {0.0: 11 / 48},
    "selu": {0.0: SCALE * ALPHA},
    "sigmoid": {0.0: 0.25},
    "soft_shrink": {-0.5: 0.0, 0.5: 0.0},
    "softplus": {0.0: 0.5},
    "softsign": {0.0: 1.0},
    "squareplus": {0.0: 0.5},
    "gelu": {0.0: 0.5},
    "log_sigmoid": {0.0: 0.5},
    "threshold": {1.0: 0.0},
}


@pytest.mark.parametrize("name", KINKS)
def test_slopes_at_kinks(xp, name):
    """Of one side, said in the docstring; and where a definition has cases but the function no kink, the slope."""
    kinks = list(KINKS[name].items())
    kinks += [(-0.0, slope) for place, slope in kinks if place == 0]
    places, slopes = zip(*kinks, strict=True)
    x = xp.asarray(list(places), dtype=xp.float32)
    for engine in (None, "tape"):
        for context in (xdl.portable(), contextlib.nullcontext()):
            with context:
                slope = xdl.grad(lambda x: xp_sum(OURS[name](x)), engine=engine)(x)
                assert_close(slope, slopes, like=x)


@given(x=st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=8), name=st.sampled_from(sorted(OURS)))
@pytest.mark.xp_only("numpy", "torch", reason="hypothesis: many small calls, cheap there")
def test_anywhere(xp, x, name):
    """Methods and definitions agree, by both engines, in value and slope, wherever hypothesis looks."""
    x = xp.asarray(x, dtype=xp.float32)
    f = lambda x: xp_sum(OURS[name](x))
    with xdl.portable():
        expected = OURS[name](x), xdl.grad(f, engine="tape")(x)
    assert_close(OURS[name](x), expected[0], rtol=1e-5, atol=1e-5)
    for engine in (None, "tape"):
        assert_close(xdl.grad(f, engine=engine)(x), expected[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid", "softplus", "silu", "mish", "elu", "squareplus"])
def test_accurate_in_both_tails(xp64, name):
    """The relative error, not the absolute one: products of small probabilities depend on it."""
    x = xp64.asarray([-600.0, -50.0, -1.0, 1.0, 50.0], dtype=xp64.float64)
    expected = DEFINITIONS[name](values(x))
    if name == "mish":  # tanh of a small number is that number
        expected[:2] = values(x)[:2] * np.exp(values(x)[:2])
    assert_close(OURS[name](x), expected, like=x, rtol=1e-13, atol=0)


def test_sigmoid_is_accurate_in_single_precision(xp):
    x = xp.asarray([-80.0, -20.0, -3.0], dtype=xp.float32)
    assert_close(nn.sigmoid(x), scipy.special.expit(values(x).astype(float)), like=x, rtol=1e-6, atol=0)


def test_log_cosh_is_accurate_near_zero(xp):
    """As a loss it is half the square there; the usual formulas give rounding errors instead."""
    x = xp.asarray([1e-6, -1e-3, 0.1], dtype=xp.float32)
    exact = np.log(np.cosh(np.asarray([1e-6, 1e-3, 0.1], dtype=np.float32).astype(np.longdouble)))
    exact[0] = 0.5e-12
    assert_close(nn.log_cosh(x), exact.astype(float), like=x, rtol=3e-6, atol=0)


def test_a_closed_relu_lets_no_infinity_through(xp):
    """A mask that multiplies would give 0 * inf = NaN."""
    x = xp.asarray([-1.0, 0.0, 2.0], dtype=xp.float32)
    c = xp.asarray([math.inf, -math.inf, math.inf], dtype=xp.float32)
    for engine in (None, "tape"):
        for f in (nn.relu, lambda x: nn.threshold(x, threshold=0.0)):
            _, pullback = xdl.vjp(f, x, engine=engine)
            assert_equal(pullback(c)[0], [0.0, 0.0, math.inf], like=x)


def test_approximations_of_gelu_differ_as_stated(xp):
    x = xp.linspace(-5.0, 5.0, 201, dtype=xp.float32)
    exact = values(nn.gelu(x, approximate=False))
    assert 1e-4 < np.abs(values(nn.gelu(x)) - exact).max() < 5e-4
    assert 1e-2 < np.abs(values(nn.quick_gelu(x)) - exact).max() < 2.1e-2


def test_selu_has_the_fixed_point_of_the_paper(xp):
    """Mean 0 and variance 1 of a standard normal variable stay, by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    x = xp.asarray(nodes, dtype=widest(xp))
    y = values(nn.selu(x)).astype(float)
    weights = weights / weights.sum()
    assert abs(weights @ y) < 2e-3  # the kink limits the quadrature
    assert abs(weights @ y**2 - 1) < 2e-3


@pytest.mark.parametrize("shape", [(6,), (2, 6), (2, 3, 6)])
def test_prelu_with_a_slope_for_each_channel(xp, shape):
    import torch

    rng = np.random.default_rng(0)
    x, slope = rng.normal(size=shape), rng.normal(size=6)
    assert_derivatives(xp, nn.prelu, lambda x, slope: torch.where(x > 0, x, slope * x), x, slope)


def test_prelu_broadcasts_nothing_else(xp):
    x = xp.ones((2, 3), dtype=xp.float32)
    for shape in [(2,), (1,), (2, 3), (2, 1)]:
        with pytest.raises(ValueError, match=r"`slope` of shape \(\) or \(3,\)"):
            nn.prelu(x, xp.ones(shape, dtype=xp.float32))
    with pytest.raises(TypeError, match="one dtype"):
        nn.prelu(x, xp.ones(3, dtype=xp.int32))


def test_rrelu_draws_slopes_in_training(xp):
    key = xdl.random.key(3)
    x = xp.asarray(np.linspace(-2, 1, 3000), dtype=xp.float32)
    y = nn.rrelu(x, key, lower=0.25, upper=0.75)
    slope = values(y)[:2000] / values(x)[:2000]
    assert_equal(y[2001:], x[2001:])
    assert 0.25 <= slope.min() < 0.26
    assert 0.74 < slope.max() <= 0.75 + 1e-6
    assert abs(slope.mean() - 0.5) < 5 * 0.5 / math.sqrt(12 * 2000)
    assert_close(
        xdl.grad(lambda x: xp_sum(nn.rrelu(x, key)))(x)[:2], values(nn.rrelu(x, key) / x)[:2], like=x
    )
    with xdl.use_backend("numpy"):
        assert_equal(nn.rrelu(values(x), xdl.random.key(3), lower=0.25, upper=0.75), values(y))
    with pytest.raises(ValueError, match="`lower` <= `upper`"):
        nn.rrelu(x, lower=1.0, upper=0.0)


def test_glu_halves_an_axis(xp):
    import torch.nn.functional as F

    x = np.random.default_rng(0).normal(size=(2, 4, 6))
    assert_derivatives(xp, lambda x: nn.glu(x, axis=1), lambda x: F.glu(x, 1), x)
    assert_derivatives(xp, nn.glu, F.glu, x)
    with pytest.raises(ValueError, match=r"even length on axis 0 .* \(3, 2\)"):
        nn.glu(xp.ones((3, 2)), axis=0)
    with pytest.raises(ValueError, match="`axis` must be in"):
        nn.glu(xp.ones((3, 2)), axis=2)


def test_maxout(xp):
    """Of two pieces x and -x it is the absolute value; of equal pieces the derivative is divided."""
    x = xp.asarray([[3.0, -3.0, -2.0, 2.0], [0.5, -0.5, 0.0, 0.0]], dtype=xp.float32)
    assert_equal(nn.maxout(x, pieces=2), [[3.0, 2.0], [0.5, 0.0]], like=x)
    assert_equal(nn.maxout(x, pieces=2, axis=0), [[3.0, -0.5, 0.0, 2.0]], like=x)
    for engine in (None, "tape"):
        slope = xdl.grad(lambda x: xp_sum(nn.maxout(x, pieces=2)), engine=engine)(x)
        assert_close(slope, [[1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.5, 0.5]], like=x)
    for pieces in (3, 0):
        with pytest.raises(ValueError, match=r"divide axis 1 of `x`, got \d and shape \(2, 4\)"):
            nn.maxout(x, pieces=pieces)


def test_step(xp):
    x = xp.asarray([-2.0, -0.0, 0.0, 1.0, math.nan], dtype=xp.float32)
    assert_equal(nn.step(x), [-1.0, 1.0, 1.0, 1.0, math.nan], like=x)
    for engine in (None, "tape"):
        assert_equal(
            xdl.grad(lambda x: xp_sum(x * nn.step(x)), engine=engine)(x[:4]), [-1.0, 1, 1, 1], like=x
        )


def test_options_are_checked(xp):
    x = xp.ones(3, dtype=xp.float32)
    for match, f, options in [
        ("`alpha` must not be 0", nn.celu, {"alpha": 0.0}),
        ("`low` <= `high`", nn.hard_tanh, {"low": 1.0, "high": -1.0}),
        ("`bound` must be at least 0", nn.hard_shrink, {"bound": -1.0}),
        ("`bound` must be at least 0", nn.soft_shrink, {"bound": math.nan}),
        ("`b` must be positive", nn.squareplus, {"b": 0.0}),
    ]:
        with pytest.raises(ValueError, match=match):
            f(x, **options)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (3, 2, 110, 90)])
@pytest.mark.xp_only("numpy", reason="a memory order of NumPy's")
def test_memory_order_is_kept(xp, shape):
    """A planar buffer seen with channels last stays one, also where blocks or memory in stock are used."""
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32).transpose(1, 2, 3, 0)
    for name, f in OURS.items():
        if name in ("glu", "log_cosh", "squareplus", "softsign"):
            continue
        y, pullback = xdl.vjp(f, x)
        assert y.strides == x.strides, name
        assert pullback(np.ones_like(x))[0].strides == x.strides, name
        np.testing.assert_allclose(y, f(x.copy(order="C")), rtol=1e-5, atol=1e-6, err_msg=name)
