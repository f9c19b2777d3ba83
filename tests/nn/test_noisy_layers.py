import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values

import xdl
from xdl import nn

X = np.random.default_rng(0).normal(size=(5, 4))
NOISE = np.random.default_rng(1).normal(size=7)


def rooted(e):
    return np.sign(e) * np.sqrt(abs(e))


def weights(layer):
    return {name: values(getattr(layer, name)) for name in type(layer)._fields if name != "activation"}


def test_each_output_is_the_sum_that_the_paper_writes(xp64):
    layer = nn.NoisyDense(xdl.random.key(0), 4, 3, dtype=xp64.float64)
    assert layer.noise == 7
    p, (into, out) = weights(layer), (NOISE[:4], NOISE[4:])
    p["weight_deviation"] = p["weight_deviation"] + np.arange(12).reshape(4, 3)
    p["bias_deviation"] = p["bias_deviation"] + np.arange(3.0)
    layer = layer.replace(
        weight_deviation=xp64.asarray(p["weight_deviation"]), bias_deviation=xp64.asarray(p["bias_deviation"])
    )
    expected = np.empty((5, 3))
    for r in range(5):
        for j in range(3):
            total = p["bias"][j] + p["bias_deviation"][j] * rooted(out[j])
            for i in range(4):
                noise = rooted(into[i]) * rooted(out[j])
                total += (p["weight"][i, j] + p["weight_deviation"][i, j] * noise) * X[r, i]
            expected[r, j] = total
    x, noise = xp64.asarray(X), xp64.asarray(NOISE)
    assert_close(also_jit(lambda x, n: layer(x, noise=n), x, noise), expected, like=x)
    assert_close(layer(x), X @ p["weight"] + p["bias"], like=x)


def test_gradients():
    layer = nn.NoisyDense(xdl.random.key(0), 4, 3, dtype=np.float64)
    xdl.check_grads(lambda layer, x: layer(x, noise=NOISE) ** 2, (layer, X))
    xdl.check_grads(lambda noise: layer(X, noise=noise) ** 2, (NOISE,))


def test_a_key_draws_the_noise(xp):
    layer = nn.NoisyDense(xdl.random.key(0), 4, 3, activation=nn.tanh)
    x, key = xp.asarray(X, dtype=xp.float32), xdl.random.key(1)
    y = layer(x, key=key)
    assert_equal(y, layer(x, noise=xdl.random.normal(key, 7)))
    assert np.any(values(y) != values(layer(x)))
    assert_equal(
        nn.training(nn.Sequential(layer), x, key=key)[0], layer(x, key=xdl.random.split(key, 1)[0, ...])
    )


def test_the_start_is_that_of_the_paper():
    layer = nn.NoisyDense(xdl.random.key(0), 25, 400)
    p = weights(layer)
    for name in ("weight", "bias"):
        assert abs(p[name]).max() <= 0.2
        assert np.std(p[name]) == pytest.approx(0.2 / np.sqrt(3), rel=0.05)
        np.testing.assert_allclose(p[f"{name}_deviation"], 0.5 / 5, rtol=1e-6)


def test_outputs_vary_as_the_deviations_say():
    """Of the mean 0, E[f(e)^2] = E|e| = sqrt(2 / pi) for each factor of the noise."""
    layer, x = nn.NoisyDense(xdl.random.key(0), 16, 50), np.linspace(-1, 1, 16).astype(np.float32)
    noise = xdl.random.normal(xdl.random.key(1), (400, layer.noise))
    y = np.stack([layer(x, noise=e) for e in noise]) - layer(x)
    size = np.sqrt(2 / np.pi)
    variance = (0.5**2 / 16) * size * (size * np.sum(x * x) + 1)
    assert np.var(y) == pytest.approx(variance, rel=0.1)
    assert abs(np.mean(y)) < 0.02 * np.sqrt(variance)


def test_noise_of_another_length_is_refused():
    layer = nn.NoisyDense(xdl.random.key(0), 4, 3)
    with pytest.raises(ValueError, match=r"`noise` of shape \(7,\), got \(4,\)"):
        layer(np.ones((1, 4), np.float32), noise=np.ones(4, np.float32))
