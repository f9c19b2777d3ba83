"""Values of a policy: those that are computed, by every method."""

import numpy as np
import pytest

import xdl
from xdl import rl

from .book import table_of_walk

WALK = table_of_walk(5)
ONE = np.zeros(5, int)
METHODS = {
    "TD(0)": rl.SARSA(rate=lambda t: 20 / (20 + t), discount=1.0),
    "TD(λ)": rl.SARSALambda(rate=lambda t: 0.5 * 20 / (20 + t), discount=1.0, trace_decay=0.8),
    "n-step TD": rl.NStepSARSA(rate=lambda t: 20 / (20 + t), discount=1.0, steps=3),
    "first visit": rl.MonteCarlo(discount=1.0),
    "every visit": rl.MonteCarlo(discount=1.0, visits="every"),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_the_random_walk(method):
    """Example 6.2, from -1 to 1: values -2/3, ..., 2/3. A constant rate would leave an error in proportion to it."""
    found = rl.predict_tabular(method, WALK, ONE, xdl.random.key(0), steps=2000, agents=60, records=2)
    np.testing.assert_allclose(found.value.mean(axis=0), np.arange(-2, 3) / 3, atol=0.04)
    assert found.returns.shape == (2, 60)
    np.testing.assert_allclose(found.returns.mean(), 0.0, atol=0.03)


def test_policies_by_actions_and_by_probabilities():
    """An engagement chain whose promotions are drawn, or are decided by the state."""
    chain = rl.engagement_chain(0.5)
    env = rl.tabular_environment(chain, max_steps=20)
    decided = (np.arange(10) % 2 == 0).astype(int)
    drawn = np.stack([np.linspace(0.2, 0.9, 10), 1 - np.linspace(0.2, 0.9, 10)], axis=1)
    for policy, of_planner in ((decided, decided), (drawn, drawn.T)):
        method = rl.SARSA(rate=lambda t: (1 + t / 100) ** -0.7, discount=0.75)
        found = rl.predict_tabular(method, env, policy, xdl.random.key(1), steps=4000, agents=60)
        np.testing.assert_allclose(found.value.mean(axis=0), rl.evaluate_policy(chain, of_planner), rtol=0.06)


def test_policies_of_another_shape():
    with pytest.raises(ValueError, match=r"`policy` must be actions of shape \(5,\), got shape \(4,\)"):
        rl.predict_tabular(rl.SARSA(), WALK, np.zeros(4, int), xdl.random.key(0), steps=1)
    with pytest.raises(ValueError, match=r"probabilities of actions of shape \(5, 1\), got shape \(5,\)"):
        rl.predict_tabular(rl.SARSA(), WALK, np.ones(5), xdl.random.key(0), steps=1)
