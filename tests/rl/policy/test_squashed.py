"""Squashed normal vectors: densities by torch, far out too."""

import numpy as np
import pytest
from asserts import assert_close
from scipy.special import ndtri

import xdl
from xdl.rl._policy.squashed import SquashedGaussian


def test_densities_are_those_of_torch():
    """Of samples, and of vectors from elsewhere."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    mean, log_std = rng.normal(size=(50, 3)), rng.normal(size=(50, 3)) - 1
    ours = SquashedGaussian(mean, log_std)
    x, log_p = ours.sample(rng.random((50, 6)))
    normal = torch.distributions.Normal(torch.asarray(mean), torch.asarray(np.exp(log_std)))
    theirs = torch.distributions.TransformedDistribution(
        normal, torch.distributions.transforms.TanhTransform(cache_size=1)
    )
    expected = theirs.log_prob(torch.asarray(x)).sum(-1).numpy()
    near = np.abs(x).max(axis=-1) < 1 - 1e-6  # torch inverts the tangent
    assert near.sum() > 40
    assert_close(log_p[near], expected[near], rtol=1e-8)
    assert_close(ours.log_probability(x)[near], expected[near], rtol=1e-8)
    assert_close(ours.mode(), np.tanh(mean))


def test_samples_have_their_distribution(xp):
    """Halves of the normal distribution by quantiles, and what the densities of samples sum to."""
    n = 4000
    noise = xdl.random.uniform(xdl.random.key(0), (n, 2))
    mean, log_std = (xp.full((n, 1), x, dtype=xp.float32) for x in (0.5, -0.5))
    x, log_p = SquashedGaussian(mean, log_std).sample(noise)
    quantiles = np.quantile(np.arctanh(xdl.to_numpy(x)[:, 0].astype(float)), [0.1, 0.5, 0.9])
    np.testing.assert_allclose(quantiles, 0.5 + np.exp(-0.5) * ndtri([0.1, 0.5, 0.9]), atol=0.06)
    # the mean of 1 / density is the length of the cube's part that is seen
    assert np.mean(np.exp(-xdl.to_numpy(log_p))) == pytest.approx(2, abs=0.15)


def test_densities_far_out_are_finite(xp):
    """Where the tangent is 1 in all digits: about 2 |u| more than the normal density, slope 2."""
    mean, log_std = xp.asarray([[30.0], [-30.0]], dtype=xp.float32), xp.zeros((2, 1), dtype=xp.float32)

    def total(mean):
        _, log_p = SquashedGaussian(mean, log_std).sample(xp.zeros((2, 2), dtype=xp.float32))
        return xdl.array_namespace(log_p).sum(log_p), log_p

    (_, log_p), slope = xdl.value_and_grad(total, has_aux=True)(mean)
    expected = -0.5 * np.log(2 * np.pi) - 2 * (np.log(2) - 30)
    assert_close(log_p, np.full(2, expected, dtype=np.float32), like=mean)
    assert_close(slope, np.asarray([[2.0], [-2.0]], dtype=np.float32), like=mean)
