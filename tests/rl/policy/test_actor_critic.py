import numpy as np
import pytest
from asserts import values

import xdl
from xdl.rl import ActorCritic, Categorical, Gaussian
from xdl.rl._algorithm import Spaces

DISCRETE = Spaces(observation_shape=(4,), actions=3)


def key(xp):
    return xdl.random.key(0, like=xp.zeros(()))


@pytest.mark.xp_skip("jax", reason="test_ppo.py runs it there, compiled")
@pytest.mark.parametrize("shared", [False, True])
def test_distributions_and_values_are_those_of_their_own_methods(xp, shared):
    network = ActorCritic(key(xp), DISCRETE, (16, 8), shared=shared)
    x = xp.asarray(np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32))
    policy, value = network(x)
    assert isinstance(policy, Categorical)
    assert (tuple(policy.logits.shape), tuple(value.shape)) == ((5, 3), (5,))
    np.testing.assert_allclose(values(network.policy(x).logits), values(policy.logits), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(values(network.value(x)), values(value), rtol=1e-5, atol=1e-6)
    assert len(network.trunk) == (2 if shared else 0)


def test_weights_start_orthogonal_and_the_policy_nearly_even():
    network = ActorCritic(key(np), DISCRETE)
    for layers, gain in ((network.actor, 0.01), (network.critic, 1.0)):
        first, second, last = (layer.weight for layer in layers)
        np.testing.assert_allclose(first @ first.T, 2 * np.eye(4), atol=1e-5)
        np.testing.assert_allclose(second.T @ second, 2 * np.eye(64), atol=1e-5)
        np.testing.assert_allclose(last.T @ last, gain**2 * np.eye(last.shape[1]), atol=1e-5)
    assert not np.allclose(network.actor[0].weight, network.critic[0].weight)


def test_vectors_have_deviations_of_their_own_and_images_are_flattened():
    spaces = Spaces(observation_shape=(2, 3), action_size=2)
    network = ActorCritic(key(np), spaces, log_std=-0.5)
    policy, value = network(np.ones((7, 2, 3), np.uint8))
    assert isinstance(policy, Gaussian)
    assert (policy.mean.shape, value.shape) == ((7, 2), (7,))
    assert policy.log_std.tolist() == [-0.5, -0.5]


def test_integers_enter_as_rows_of_the_unit_matrix():
    network = ActorCritic(key(np), Spaces(observation_shape=(), states=5, actions=2), ())
    policy, _ = network(np.asarray([3, 0], np.int32))
    np.testing.assert_allclose(policy.logits, network.actor[0].weight[[3, 0]], rtol=1e-6)
