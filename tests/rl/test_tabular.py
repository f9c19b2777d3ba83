"""Tabular learning: it finds what planners compute, on every library by the same numbers."""

import numpy as np
import pytest
from asserts import assert_close

import xdl
from xdl import rl

CHAIN = rl.engagement_chain(0.5)
decaying = lambda t: (1 + t / 200) ** -0.6
METHODS = {
    "Q-learning": rl.QLearning(rate=decaying, discount=0.75, exploration=rl.EpsilonGreedy(0.4)),
    "mean of visits": rl.QLearning(rate=None, discount=0.75, exploration=rl.EpsilonGreedy(0.5), initial=30.0),
    "double": rl.DoubleQLearning(rate=decaying, discount=0.75, exploration=rl.EpsilonGreedy(0.4)),
    "upper confidence": rl.QLearning(rate=decaying, discount=0.75, exploration=rl.UpperConfidence(20.0)),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_methods_of_the_best_policy_find_it(method):
    """Their policies lose at most a twentieth of the best one's value, evaluated exactly."""
    free = rl.engagement_chain(0.0)
    env = rl.tabular_environment(free, max_steps=20)
    found = rl.train_tabular(method, env, xdl.random.key(0), steps=6000, agents=40, records=4)
    best = rl.policy_iteration(free)
    worth = np.mean([rl.evaluate_policy(free, policy) for policy in found.policy], axis=0)
    assert (worth / best.value).min() > 0.95
    assert found.returns.shape == (4, 40)
    assert found.steps.tolist() == [1536, 3008, 4544, 6000]


@pytest.mark.parametrize("method", [rl.SARSA, rl.ExpectedSARSA])
def test_methods_of_a_policy_learn_its_values(method):
    """Of actions at random, whose values are those of the uniform policy."""
    env = rl.tabular_environment(CHAIN, max_steps=20)
    learner = method(rate=decaying, discount=0.75, exploration=rl.EpsilonGreedy(1.0))
    found = rl.train_tabular(learner, env, xdl.random.key(1), steps=8000, agents=40, records=1)
    expected = rl.evaluate_policy(CHAIN, np.full((2, 10), 0.5))
    np.testing.assert_allclose(found.q.mean(axis=(0, -1)), expected, rtol=0.03)


def test_truncation_is_no_end():
    """A process that always pays 1 is worth 1 / (1 - discount), however short its episodes are cut."""
    one = rl.MDP(np.ones((1, 1, 1)), np.ones((1, 1)), 0.5)
    env = rl.tabular_environment(one, max_steps=2)
    for method in (rl.QLearning, rl.SARSA, rl.ExpectedSARSA, rl.DoubleQLearning):
        learner = method(rate=0.5, discount=0.5)
        found = rl.train_tabular(learner, env, xdl.random.key(0), steps=200, records=1)
        np.testing.assert_allclose(found.q, 2.0, rtol=1e-6)


def test_the_same_numbers_everywhere(xp64):
    """Agents, and steps in any number of windows."""
    like = xp64.asarray(0.0, dtype=xp64.float64)
    env = rl.tabular_environment(CHAIN, like=like)
    method = rl.QLearning(discount=0.75, exploration=rl.EpsilonGreedy(0.3))
    key = xdl.random.key(3)
    with xdl.use_backend("numpy"):
        reference = rl.tabular_environment(CHAIN)
        expected = rl.train_tabular(method, reference, xdl.random.key(3), steps=100, agents=3, records=1)
    found = rl.train_tabular(method, env, key, steps=100, agents=3, records=4)
    assert_close(found.q, expected.q, like=like, rtol=1e-9, atol=1e-12)


def test_softmax_and_epsilon_choose_by_their_probabilities():
    q = np.tile([0.0, 1.0, -0.5], (40_000, 1))
    noise = np.random.default_rng(0).random(40_000)
    for explore in (rl.Softmax(0.5), rl.EpsilonGreedy(0.3)):
        p = explore.probabilities(q[:1], 1.0)[0]
        counts = np.bincount(explore.choose(q, None, 1.0, noise), minlength=3)
        np.testing.assert_allclose(p.sum(), 1)
        assert (np.abs(counts / 40_000 - p) < 4 * np.sqrt(p * (1 - p) / 40_000)).all()


def test_first_states_by_their_probabilities():
    gymnasium = pytest.importorskip("gymnasium")
    env = gymnasium.make("Taxi-v4")
    ours = rl.tabular_environment(env)
    noise = (np.arange(300_000) + 0.5)[:, None] / 300_000
    counts = np.bincount(ours.reset(noise), minlength=500) / 300_000
    np.testing.assert_allclose(counts, env.unwrapped.initial_state_distrib, atol=1e-4)


def test_counts_that_make_no_sense():
    env = rl.tabular_environment(CHAIN)
    with pytest.raises(ValueError, match="`steps` must be at least 1, got 0"):
        rl.train_tabular(rl.QLearning(), env, xdl.random.key(0), steps=0)
    with pytest.raises(TypeError, match="has no table"):
        rl.tabular_environment(object())
    for wrong, what in (("FrozenLake-v1", "FrozenLake-v1"), (CHAIN, "MDP"), (rl.CartPole(), "CartPole")):
        with pytest.raises(
            TypeError, match=f"must be a TabularEnvironment, got {what}: `tabular_environment`"
        ):
            rl.train_tabular(rl.QLearning(), wrong, xdl.random.key(0), steps=5)
