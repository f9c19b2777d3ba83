import math

import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl.rl import Categorical, Gaussian
from xdl.rl._policy.distributions import standard_normal

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 2, (6, 4))
LOGITS[1, 2] = 800.0  # whose exponential overflows
MEAN, LOG_STD = RNG.normal(0, 1, (6, 3)), np.asarray([-2.0, 0.3, 1.0])


def sum_of(x):
    return xdl.array_namespace(x).sum(x)


def test_categorical_is_that_of_torch(xp64):
    torch = pytest.importorskip("torch")
    action = np.asarray([0, 2, 3, 1, 2, 0])
    logits = torch.tensor(LOGITS, requires_grad=True)
    reference = torch.distributions.Categorical(logits=logits)
    ours = Categorical(xp64.asarray(LOGITS))
    log_p = values(reference.log_prob(torch.tensor(action)))
    assert_close(ours.log_probability(xp64.asarray(action)), log_p, like=ours.logits)
    assert_close(ours.entropy(), values(reference.entropy()), like=ours.logits)
    assert values(ours.mode()).tolist() == LOGITS.argmax(axis=1).tolist()
    weights = torch.arange(1.0, 7.0, dtype=torch.float64)
    (weights * (reference.log_prob(torch.tensor(action)) + reference.entropy())).sum().backward()

    def loss(logits):
        p = Categorical(logits)
        both = p.log_probability(xp64.asarray(action)) + p.entropy()
        return sum_of(both * xp64.asarray(values(weights)))

    assert_close(xdl.grad(loss)(ours.logits), values(logits.grad), atol=1e-12, like=ours.logits)


def test_gaussian_is_that_of_torch(xp64):
    torch = pytest.importorskip("torch")
    x = RNG.normal(0, 2, (6, 3))
    mean, log_std = (torch.tensor(a, requires_grad=True) for a in (MEAN, LOG_STD))
    reference = torch.distributions.Normal(mean, log_std.exp().expand(6, 3))
    log_p, entropy = reference.log_prob(torch.tensor(x)).sum(1), reference.entropy().sum(1)
    ours = Gaussian(xp64.asarray(MEAN), xp64.asarray(LOG_STD))
    assert_close(ours.log_probability(xp64.asarray(x)), values(log_p), like=ours.mean)
    assert_close(ours.entropy(), values(entropy), like=ours.mean)
    assert_close(ours.mode(), MEAN, like=ours.mean)
    (log_p + 2 * entropy).sum().backward()

    def loss(mean, log_std):
        p = Gaussian(mean, log_std)
        return sum_of(p.log_probability(xp64.asarray(x)) + 2 * p.entropy())

    grads = xdl.grad(loss, argnums=(0, 1))(ours.mean, ours.log_std)
    for found, expected in zip(grads, (mean.grad, log_std.grad), strict=True):
        assert_close(found, values(expected), like=ours.mean)


@pytest.mark.xp_skip("jax-x64", reason="as jax-x32")
def test_a_forbidden_action_adds_nothing_and_is_never_taken(xp):
    logits = xp.asarray([[0.0, -math.inf, 1.0, -math.inf]], dtype=xp.float32)
    assert values(Categorical(logits).entropy())[0] == pytest.approx(0.5822, rel=1e-4)
    grad = values(xdl.grad(lambda z: sum_of(Categorical(z).entropy()))(logits))
    assert np.isfinite(grad).all()
    assert (grad[0, [1, 3]] == 0).all()
    noise = np.asarray([[0.0], [0.2689], [0.2690], [1 - 2**-24]], dtype=np.float32)
    many = Categorical(xp.broadcast_to(logits, (4, 4)))
    assert values(many.sample(xp.asarray(noise))).tolist() == [0, 0, 2, 2]


@pytest.mark.xp_skip("jax-x64", reason="as jax-x32")
def test_samples_have_the_frequencies_of_the_probabilities(xp):
    # equidistant numbers, so that a frequency is exact to one of them
    n = 1000
    p = np.asarray([0.1, 0.0, 0.55, 0.35])
    with np.errstate(divide="ignore"):
        logits = xp.asarray(np.broadcast_to(np.log(p), (n, 4)).astype(np.float32))
    noise = xp.asarray(((np.arange(n) + 0.5) / n)[:, None].astype(np.float32))
    found = Categorical(logits).sample(noise)
    assert found.dtype == xp.int32
    assert np.abs(np.bincount(values(found), minlength=4) - n * p).max() <= 1


@pytest.mark.xp_skip("jax-x64", reason="as jax-x32")
def test_normal_numbers_have_the_moments_and_the_quantiles_of_the_normal_distribution(xp):
    noise = xdl.random.uniform(xdl.random.key(0, like=xp.zeros(())), (40_000, 2))
    z = np.sort(values(standard_normal(noise))[:, 0])
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 1) < 0.02
    stats = pytest.importorskip("scipy.stats")
    assert np.abs(stats.norm.cdf(z) - (np.arange(len(z)) + 0.5) / len(z)).max() < 1.63 / 200  # 1 % level
    most = values(standard_normal(xp.asarray([[1 - 2**-24, 0.0]], dtype=xp.float32)))
    assert most[0, 0] == pytest.approx(5.768, rel=1e-3)


@pytest.mark.xp_skip("jax-x64", reason="as jax-x32")
def test_samples_of_a_gaussian_follow_its_mean_and_deviation(xp):
    noise = xp.asarray(RNG.random((6, 6), dtype=np.float32))
    mean, log_std = (xp.asarray(a.astype(np.float32)) for a in (MEAN, LOG_STD))
    found = values(Gaussian(mean, log_std).sample(noise))
    z = values(standard_normal(noise))
    assert z.shape == (6, 3)
    np.testing.assert_allclose(found, MEAN + np.exp(LOG_STD) * z, rtol=1e-5, atol=1e-6)
    # a deviation for each vector, as a network gives it
    each = xp.broadcast_to(log_std, (6, 3))
    np.testing.assert_allclose(values(Gaussian(mean, each).sample(noise)), found, rtol=1e-6)
