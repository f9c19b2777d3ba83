"""Algorithms that are small enough to be seen through, and an environment that runs as Python."""

import numpy as np

import xdl
from xdl import rl
from xdl.core import static


class Dice(rl.Algorithm):
    """Actions by the dice; it learns how many rewards and episodes it has seen, and remembers what it was shown."""

    copies: int = static(default=2)
    rollout: int = static(default=5)

    def init(self, spaces, key):
        if spaces.actions != 2:
            message = f"Dice chooses one of two actions, got {spaces!r}"
            raise ValueError(message)
        zero = xdl.asarray(0.0, like=key, dtype=xdl.array_namespace(key).float32)
        return {"sum": zero, "cut": zero, "shown": zero}

    def noise(self, spaces):
        return 1

    def act(self, learner, observation, t, noise):
        xp = xdl.array_namespace(noise)
        return xp.astype(noise[:, 0] >= 0.5, xp.int32), noise[:, 0]

    def learn(self, learner, experience, t, key):
        taken, xp = experience.transition, xdl.array_namespace(t)
        drawn = xdl.random.uniform(key)
        cut = xp.sum(xp.astype(taken.truncated, drawn.dtype))
        learner = {
            "sum": learner["sum"] + xp.sum(taken.reward) * drawn,
            "cut": learner["cut"] + cut,
            "shown": xp.astype(xp.sum(experience.following), drawn.dtype),
        }
        return learner, {"drawn": drawn, "cut": xp.where(cut > 0, cut, xp.nan * cut)}

    def policy(self, learner, observation):
        xp = xdl.array_namespace(observation)
        return xp.astype(observation[:, 2] > 0, xp.int32)


class LinearQ(rl.Algorithm):
    """Q-learning with values that are linear in the states' indicators: a table, moved after every round."""

    discount: float = static(default=0.75)
    copies: int = static(default=20)
    rollout: int = static(default=2)

    def init(self, spaces, key):
        xp = xdl.array_namespace(key)
        return xp.zeros((spaces.states, spaces.actions), dtype=xp.float32, device=key.device), t_of(key)

    def noise(self, spaces):
        return 1

    def act(self, learner, observation, t, noise):
        xp = xdl.array_namespace(noise)
        best = xp.argmax(xp.take(learner[0], observation, axis=0), axis=-1)
        wild = noise[:, 0] < 0.5
        return xp.astype(xp.where(wild, noise[:, 0] < 0.25, best == 1), xp.int32), None

    def learn(self, learner, experience, t, key):
        (weights, count), taken = learner, experience.transition
        xp, flat = xdl.array_namespace(weights), (-1,)
        seen, action = xp.reshape(taken.observation, flat), xp.reshape(taken.action, flat)
        ahead = xp.max(xp.take(weights, xp.reshape(taken.next_observation, flat), axis=0), axis=-1)
        goes_on = xp.astype(xp.logical_not(xp.reshape(taken.terminated, flat)), ahead.dtype)
        target = xp.astype(xp.reshape(taken.reward, flat), ahead.dtype) + self.discount * goes_on * ahead
        states, actions = weights.shape
        place = seen * actions + xp.astype(action, seen.dtype)
        cells = xp.arange(states * actions, dtype=place.dtype)
        which = xp.astype(place[:, None] == cells[None, :], ahead.dtype)
        error = target - xp.take(xp.reshape(weights, flat), place)
        change = xp.reshape(xp.matmul(xp.matrix_transpose(which), error[:, None]), weights.shape)
        often = xp.reshape(xp.sum(which, axis=0), weights.shape)
        rate = 1 / (1 + count / 60)
        weights = weights + rate * change / xp.where(often > 0, often, often + 1)
        return (weights, count + 1), {"error": xp.mean(error * error)}

    def policy(self, learner, observation):
        xp = xdl.array_namespace(observation)
        return xp.astype(xp.argmax(xp.take(learner[0], observation, axis=0), axis=-1), xp.int32)


def t_of(key):
    return xdl.asarray(0.0, like=key, dtype=xdl.array_namespace(key).float32)


class Walk(rl.HostEnvironment):
    """A walk from a random place; each step pays how far to the right it is; ends after 7 to 12 steps."""

    def __init__(self, copies=2, spoil_at=None):
        self.spaces = rl.Spaces(observation_shape=(3,), actions=2)
        self.copies, self.spoil_at = copies, spoil_at
        self.closed = False

    def begin(self, seeds):
        self.generators = [np.random.default_rng(seed) for seed in seeds]
        self.rows = np.stack([self.first(g) for g in self.generators])
        self.age = np.zeros(self.copies, dtype=int)
        return self.rows.copy()

    def first(self, generator):
        return np.asarray([generator.normal(), generator.integers(7, 13), 0.0])

    def play(self, action):
        self.age += 1
        self.rows[:, 0] += np.where(action == 1, 0.5, -0.5)
        self.rows[:, 2] = self.age
        over = self.age >= self.rows[:, 1]
        seen, reward = self.rows.copy(), self.rows[:, 0].copy()
        if self.spoil_at is not None and self.age[0] == self.spoil_at:
            seen[1, 2] = np.nan
        for copy in np.flatnonzero(over):
            self.rows[copy], self.age[copy] = self.first(self.generators[copy]), 0
        return seen, reward, over & (seen[:, 0] > 0), over & (seen[:, 0] <= 0), self.rows.copy()

    def close(self):
        self.closed = True
