import numpy as np
import pytest
from asserts import assert_equal

import xdl
from xdl import nn, optim, rl

DISCOUNT = 0.8
STATES = np.arange(5)
ATOMS = rl.CategoricalHead(21, 0, 1)
SETTINGS = {
    "hidden": (32,),
    "rate": 3e-3,
    "discount": DISCOUNT,
    "batch": 32,
    "learning_starts": 200,
    "copies": 8,
    "rollout": 1,
    "tau": 0.05,
    "epsilon": 1.0,
}
NOISY = SETTINGS | {"epsilon": 0.3}  # random actions alone would tell nothing of a noisy network's choice

# Variants, and how near their values come; several steps off the policy learn what exploration is worth, too.
VARIANTS = {
    "double": (rl.DQN(double=True, **SETTINGS), 0.01),
    "dueling": (rl.DQN(dueling=True, **SETTINGS), 0.01),
    "categorical": (rl.DQN(head=ATOMS, **SETTINGS), 0.02),
    "quantile": (rl.DQN(head=rl.QuantileHead(11, kappa=0.1), **SETTINGS), 0.01),
    "noisy": (rl.DQN(noisy=True, **NOISY), 0.05),
    "rainbow": (rl.Rainbow(head=ATOMS, **NOISY), 0.2),
}


def corridor():
    """Five rooms in a row, and a reward for leaving the last one."""
    transition, reward = np.zeros((2, 6, 6)), np.zeros((2, 6, 6))
    for room in STATES:
        transition[0, room, max(room - 1, 0)] = 1
        transition[1, room, room + 1] = 1
    reward[1, 4, 5] = 1
    return rl.MDP(transition, reward, DISCOUNT, np.arange(6) == 5)


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_learn_the_way_out_and_its_value(name):
    algorithm, near = VARIANTS[name]
    mdp = corridor()
    best = mdp.action_value(rl.policy_iteration(mdp).value).T[:5]
    result = rl.train(algorithm, rl.tabular_environment(mdp, max_steps=20), 0, steps=3200, progress=False)
    assert result.policy(STATES).tolist() == [1] * 5
    q = algorithm.head.values(result.learner.network(STATES))
    np.testing.assert_allclose(q, best, atol=near)


def test_rainbow_is_the_sum_of_its_parts():
    parts = rl.DQN(
        epsilon=0.0,
        double=True,
        prioritized=0.5,
        importance=optim.linear_schedule(0.4, 1.0, 250_000),
        n_step=3,
        head=rl.CategoricalHead(),
        dueling=True,
        noisy=True,
        copies=4,
        learning_starts=40,
        batch=8,
    )
    rainbow = rl.Rainbow(copies=4, learning_starts=40, batch=8)
    one, other = (rl.train(a, rl.CartPole(), 0, steps=200, progress=False) for a in (parts, rainbow))
    assert_equal(one.learner.network, other.learner.network)
    assert_equal(one.measures["loss"], other.measures["loss"])


@pytest.mark.xp_only(
    "strict",
    "torch",
    reason="compared with NumPy; JAX compiles this for a minute, and test_dqn.py learns there",
)
def test_rainbow_learns_the_same_on_every_library(xp):
    algorithm = rl.Rainbow(head=ATOMS, **(NOISY | {"learning_starts": 64, "hidden": (8,)}))

    def losses():
        env = rl.tabular_environment(corridor(), max_steps=20)
        return rl.train(algorithm, env, 0, steps=200, progress=False).measures["loss"]

    with xdl.use_backend("numpy"):
        expected = losses()
    assert expected[-1] > 0
    np.testing.assert_allclose(losses(), expected, rtol=1e-3)


class Lights(rl.HostEnvironment):
    """Images with one of four corners lit, which is the action that is paid for; an episode is a step."""

    def __init__(self, copies):
        self.copies, self.spaces = copies, rl.Spaces(observation_shape=(6, 6, 1), actions=4)

    def begin(self, seeds):
        self.random = np.random.default_rng(seeds)
        return self.look()

    def look(self):
        self.corner = self.random.integers(0, 4, self.copies)
        image = self.random.uniform(0, 0.3, (self.copies, 2, 3, 2, 3, 1))
        image[np.arange(self.copies), self.corner // 2, 1, self.corner % 2, 1] = 1.0
        return image.reshape(self.copies, 6, 6, 1)

    def play(self, action):
        reward, ended = (action == self.corner).astype(float), np.ones(self.copies, bool)
        seen = self.look()
        return seen, reward, ended, ~ended, seen


def for_images(key, spaces):
    keys = xdl.random.split(key, 2)
    features = nn.Sequential(
        nn.Conv(keys[0, ...], spaces.observation_shape[-1], 4, (3, 3), activation=nn.relu), nn.Flatten()
    )
    return rl.QNetwork(keys[1, ...], spaces, (16,), features=features)


def test_a_network_of_convolutions_learns_from_images():
    algorithm = rl.DQN(network=for_images, **(SETTINGS | {"discount": 0.0}))
    result = rl.train(algorithm, Lights(8), 0, steps=3200, progress=False)
    lights = Lights(200)
    image = lights.begin([1]).astype(np.float32)
    assert np.mean(result.policy(image) == lights.corner) > 0.98
