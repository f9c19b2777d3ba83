import numpy as np
import pytest

import xdl
from xdl import tree
from xdl.rl import A2C, REINFORCE, CartPole, Categorical, Transition, train
from xdl.rl._algorithm import Experience, Spaces

KEY = xdl.random.key(0, like=np.zeros(()))
ARMS = np.asarray([0.3, 1.1])


def pull(arm):
    """Experience of one pull of an arm of a bandit with one state."""
    one = lambda x, kind: np.full((1, 1), x, kind)
    state, action = one(0, np.int32), one(arm, np.int32)
    yes, no = one(True, bool), one(False, bool)
    reward = one(ARMS[arm], np.float64)
    return Experience(Transition(state, action, reward, state, yes, no, reward), {"action": action}, state[0])


@pytest.mark.parametrize("algorithm", [REINFORCE(), A2C(entropy_weight=0.0)], ids=["reinforce", "a2c"])
def test_its_gradient_is_that_of_the_expected_return(algorithm):
    """The mean over the arms of the step's gradient, exactly, and with any baseline."""
    algorithm = algorithm.replace(value_weight=0.0)
    network = algorithm.init(Spaces(observation_shape=(), states=1, actions=2), KEY).network
    network = tree.map(lambda x: x.astype(np.float64) + 0.1, network)
    state = np.zeros(1, np.int32)

    def expected_return(network):
        logits = network.policy(state).logits
        xp = xdl.array_namespace(logits)
        return xp.sum(xp.multiply(xdl.nn.softmax(logits), ARMS))

    exact = tree.leaves(xdl.grad(expected_return)(network).actor)
    assert max(np.abs(x).max() for x in exact) > 1e-2
    p = np.exp(
        [Categorical(network.policy(state).logits).log_probability(np.asarray([k]))[0] for k in (0, 1)]
    )
    for shift in (0.0, 5.0):
        last = network.critic[-1]
        based = network.replace(critic=(*network.critic[:-1], last.replace(bias=last.bias + shift)))
        mean = 0
        for arm in (0, 1):
            batch = algorithm.batch(based, pull(arm))
            assert batch.advantage[0] == pytest.approx(ARMS[arm] - based.value(state)[0])
            grads = xdl.grad(lambda n, b=batch: algorithm.loss(n, b)[0])(based)
            mean = mean + p[arm] * np.concatenate([x.ravel() for x in tree.leaves(grads.actor)])
        np.testing.assert_allclose(-mean, np.concatenate([x.ravel() for x in exact]), rtol=1e-10, atol=1e-12)


def test_it_learns_to_balance_a_pole():
    result = train(REINFORCE(), CartPole(), KEY, steps=15_360, progress=False)
    assert np.asarray(result.episodes.returns)[-20:].mean() > 45
