import math

import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import nn

# variance, as a function of the fans
RANDOM = {
    "glorot_uniform": lambda n_in, n_out: 2 / (n_in + n_out),
    "glorot_normal": lambda n_in, n_out: 2 / (n_in + n_out),
    "he_uniform": lambda n_in, n_out: 2 / n_in,
    "he_normal": lambda n_in, n_out: 2 / n_in,
    "lecun_uniform": lambda n_in, n_out: 1 / n_in,
    "lecun_normal": lambda n_in, n_out: 1 / n_in,
}
OTHERS = {
    "identity": {},
    "orthogonal": {"gain": 2.0},
    "sparse": {"sparsity": 0.4},
    "truncated_normal": {"std": 0.02},
    "variance_scaling": {"mode": "fan_avg", "distribution": "normal"},
    "zeros": {},
    "ones": {},
}
ALL = [*RANDOM, *OTHERS]


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize(("shape", "fans"), [((100, 200), (100, 200)), ((3, 3, 20, 80), (180, 720))])
@pytest.mark.xp_only("numpy", reason="the numbers are the same everywhere, as another test shows")
def test_mean_and_variance(xp, name, shape, fans):
    """Within 5 standard errors; the kurtosis of these distributions is below 3."""
    w = values(getattr(nn, name)(xdl.random.key(1), shape)).astype(float)
    variance = RANDOM[name](*fans)
    n = w.size
    assert abs(w.mean()) < 5 * math.sqrt(variance / n)
    assert abs(w.var() / variance - 1) < 5 * math.sqrt(2 / n)
    limit = math.sqrt(3 * variance) if "uniform" in name else 2 * math.sqrt(variance) / 0.8796
    assert 0.98 * limit < np.abs(w).max() <= 1.001 * limit


@pytest.mark.parametrize("name", [n for n in ALL if n != "orthogonal"])
def test_the_same_bits_everywhere(xp, name):
    shape = (35, 7) if name == "sparse" else (2, 5, 7)
    draw = lambda: getattr(nn, name)(xdl.random.key(2), shape, **OTHERS.get(name, {}))
    found = draw()
    with xdl.use_backend("numpy"):
        expected = draw()
    assert_equal(found, expected, like=found)


@pytest.mark.parametrize("name", ["glorot_uniform", "he_normal", "truncated_normal", "sparse"])
@pytest.mark.xp_only("jax", reason="compiled code could contract a product and a sum")
def test_the_same_bits_when_compiled(xp, name):
    import jax

    key = xdl.random.key(2)
    f = lambda key: getattr(nn, name)(key, (5, 7), **OTHERS.get(name, {}))
    assert_equal(jax.jit(f)(key), f(key))


@pytest.mark.parametrize("name", ALL)
def test_dtype_and_shape(xp, name):
    key = xdl.random.key(0)
    w = getattr(nn, name)(key, (2, 3), **OTHERS.get(name, {}))
    assert w.dtype == xp.float32
    assert w.shape == (2, 3)


@pytest.mark.parametrize("name", ALL)
def test_double_precision(xp64, name):
    w = getattr(nn, name)(xdl.random.key(0), (2, 3), dtype=xp64.float64, **OTHERS.get(name, {}))
    assert w.dtype == xp64.float64


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (2, 3, 4), (1, 1)])
def test_orthogonal(xp, shape):
    w = values(nn.orthogonal(xdl.random.key(0), shape)).reshape(-1, shape[-1]).astype(float)
    gram = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(gram, np.eye(min(w.shape)), atol=1e-5)


def test_orthogonal_is_close_everywhere(xp):
    """QR decompositions differ in signs, which are fixed, and in rounding, which is not."""
    with xdl.use_backend("numpy"):
        expected = nn.orthogonal(xdl.random.key(7), (6, 4))
    found = nn.orthogonal(xdl.random.key(7), (6, 4))
    assert_close(found, expected, like=found, atol=1e-5)


@pytest.mark.xp_only("numpy", reason="a property of the distribution")
def test_orthogonal_is_uniform(xp):
    """Without the choice of signs the trace of Q would not have mean 0 and variance 1."""
    keys = xdl.random.split(xdl.random.key(0), 400)
    traces = np.asarray([np.trace(values(nn.orthogonal(keys[i], (4, 4)))) for i in range(400)])
    assert abs(traces.mean()) < 4 / 20
    assert abs(traces.var() - 1) < 4 * math.sqrt(2 / 400)


def test_constants(xp):
    key = xdl.random.key(0)
    like = xp.ones(1, dtype=xp.float32)
    assert_equal(nn.zeros(key, (3,)), [0.0, 0.0, 0.0], like=like)
    assert_equal(nn.ones(key, (2, 1)), [[1.0], [1.0]], like=like)


@pytest.mark.parametrize("name", [*RANDOM, "identity", "orthogonal", "sparse", "variance_scaling"])
@pytest.mark.parametrize("shape", [(3,), (), (0, 3)])
def test_fans_need_two_axes(xp, name, shape):
    with pytest.raises(ValueError, match="n_in, n_out"):
        getattr(nn, name)(xdl.random.key(0), shape, **OTHERS.get(name, {}))


@pytest.mark.parametrize("name", [*RANDOM, "orthogonal"])
def test_a_gain_is_a_factor(xp, name):
    key = xdl.random.key(3)
    f = getattr(nn, name)
    default = math.sqrt(2) if name.startswith("he") else 1.0
    assert_close(f(key, (4, 5), gain=3.0 * default), 3.0 * f(key, (4, 5)))


NAMED = {
    "glorot_uniform": ("fan_avg", 1.0, "uniform"),
    "glorot_normal": ("fan_avg", 1.0, "truncated_normal"),
    "he_uniform": ("fan_in", 2.0, "uniform"),
    "he_normal": ("fan_in", 2.0, "truncated_normal"),
    "lecun_uniform": ("fan_in", 1.0, "uniform"),
    "lecun_normal": ("fan_in", 1.0, "truncated_normal"),
}


@pytest.mark.parametrize("name", NAMED)
def test_variance_scaling_is_the_general_form(xp, name):
    mode, scale, distribution = NAMED[name]
    key, shape = xdl.random.key(4), (3, 3, 4, 6)
    found = nn.variance_scaling(key, shape, mode=mode, scale=scale, distribution=distribution)
    assert_close(found, getattr(nn, name)(key, shape))


@pytest.mark.parametrize(("mode", "count"), [("fan_in", 180), ("fan_out", 720), ("fan_avg", 450)])
@pytest.mark.xp_only("numpy", reason="the numbers are the same everywhere, as another test shows")
def test_modes(xp, mode, count):
    """Within 5 standard errors; without a cut the largest of 14,400 numbers is beyond 3 deviations."""
    w = nn.variance_scaling(xdl.random.key(5), (3, 3, 20, 80), mode=mode, scale=3.0, distribution="normal")
    assert abs(w.var() / (3.0 / count) - 1) < 5 * math.sqrt(2 / w.size)
    assert np.abs(w).max() > 3 * math.sqrt(3.0 / count)


def test_truncated_normal(xp):
    from scipy import stats

    options = {"mean": 0.5, "std": 0.8, "low": -0.7, "high": 0.9}
    w = nn.truncated_normal(xdl.random.key(6), (4000,), **options)
    found = values(w).astype(float)
    law = stats.truncnorm((-0.7 - 0.5) / 0.8, (0.9 - 0.5) / 0.8, loc=0.5, scale=0.8)
    assert -0.7 <= found.min() < -0.69
    assert 0.89 < found.max() <= 0.9 + 1e-6
    assert stats.kstest(found, law.cdf).pvalue > 1e-3
    with pytest.raises(ValueError, match="`std` must be positive"):
        nn.truncated_normal(xdl.random.key(0), (2,), std=0.0)


def test_unknown_words(xp):
    key = xdl.random.key(0)
    with pytest.raises(ValueError, match="`mode` must be one of 'fan_in', 'fan_out', 'fan_avg', got 'in'"):
        nn.variance_scaling(key, (2, 3), mode="in")
    with pytest.raises(ValueError, match="`distribution` must be one of"):
        nn.variance_scaling(key, (2, 3), distribution="cauchy")
    with pytest.raises(ValueError, match="`scale` must be at least 0"):
        nn.variance_scaling(key, (2, 3), scale=-1.0)
