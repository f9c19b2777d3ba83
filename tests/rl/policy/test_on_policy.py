import functools

import numpy as np
import pytest
from rl.policy.rounds import round_of

import xdl
from xdl import nn, optim
from xdl.rl import A2C, PPO, ActorCritic
from xdl.rl._algorithm import Spaces
from xdl.rl._policy.on_policy import explained_variance

DISCRETE = Spaces(observation_shape=(4,), actions=3)
CONTINUOUS = Spaces(observation_shape=(4,), action_size=2, low=(-1.0, -0.5), high=(1.0, 0.5))
KEY = xdl.random.key(0, like=np.zeros(()))


def test_the_rate_falls_to_zero():
    algorithm = PPO(rollout=8, anneal=320)
    learner = algorithm.init(DISCRETE, KEY)
    before = learner.network.actor[-1].weight.copy()
    rate = lambda t: float(algorithm.prepare(learner.optimizer, np.asarray(t)).values.rules[1].learning_rate)
    assert [rate(t) for t in (32, 192, 352, 1000)] == pytest.approx([2.5e-4, 1.25e-4, 0, 0])
    experience = round_of(algorithm, learner, DISCRETE, np.zeros(()))
    learner, _ = algorithm.learn(learner, experience, np.asarray(352), KEY)
    assert (learner.network.actor[-1].weight == before).all()


def test_actions_are_within_the_bounds_and_learned_from_as_they_were_drawn():
    algorithm = PPO()
    learner = algorithm.init(CONTINUOUS, KEY)
    noise = np.random.default_rng(0).random((256, 4), dtype=np.float32)
    action, extra = algorithm.act(learner, np.zeros((256, 4), np.float32), 0, noise)
    assert action.shape == (256, 2)
    assert np.abs(action).max(axis=0).tolist() == [1.0, 0.5]
    assert (np.abs(extra["action"]).max(axis=0) > 2).all()
    np.testing.assert_array_equal(action, np.clip(extra["action"], [-1, -0.5], [1, 0.5]))
    mode = algorithm.policy(learner, np.zeros((3, 4), np.float32))
    assert np.abs(mode).max() < 0.1


def test_a_step_is_worth_what_it_brings_and_what_is_seen_then():
    """By the definition, for two steps of one copy: one that is cut off, and one that ends."""
    algorithm = A2C(copies=1, rollout=2, discount=0.5)
    learner = algorithm.init(DISCRETE, KEY)
    experience = round_of(algorithm, learner, DISCRETE, np.zeros(()))
    cut = np.asarray([[True], [False]])
    taken = experience.transition.replace(terminated=~cut, truncated=cut)
    batch = algorithm.batch(learner.network, experience.replace(transition=taken))
    after = learner.network.value(taken.next_observation[0])
    expected = [taken.reward[0, 0] + 0.5 * after[0], taken.reward[1, 0]]
    np.testing.assert_allclose(batch.target, expected, rtol=1e-5)
    np.testing.assert_allclose(batch.advantage, expected - batch.value, rtol=1e-4, atol=1e-6)


def test_another_network_takes_the_place_of_the_usual_one():
    algorithm = A2C(network=functools.partial(ActorCritic, hidden=(8,), activation=nn.relu))
    learner = algorithm.init(DISCRETE, KEY)
    assert [layer.weight.shape for layer in learner.network.actor] == [(4, 8), (8, 3)]
    experience = round_of(algorithm, learner, DISCRETE, np.zeros(()))
    _, measures = algorithm.learn(learner, experience, np.asarray(80), KEY)
    assert set(measures) == {"policy_loss", "value_loss", "entropy", "explained_variance"}


def test_explained_variance_is_one_of_the_truth_and_none_of_a_constant():
    target = np.arange(5.0)
    assert explained_variance(target + 3, target) == 1
    assert explained_variance(np.zeros(5), target) == 0
    assert np.isnan(explained_variance(target, np.ones(5)))


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="`copies` must be at least 1, got 0"):
        A2C(copies=0)
    with pytest.raises(ValueError, match=r"`discount` must be in \[0, 1\], got 1.5"):
        A2C(discount=1.5)
    with pytest.raises(ValueError, match="is a schedule already"):
        A2C(rate=optim.linear_schedule(1e-3, 0.0, 10), anneal=100)
    with pytest.raises(ValueError, match="expected actions that are integers from 0 or vectors"):
        A2C().init(Spaces(observation_shape=(4,)), KEY)
