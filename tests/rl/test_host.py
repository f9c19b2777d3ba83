"""A made-up environment whose numbers say where they come from."""

import numpy as np
import pytest
from asserts import values

from xdl import asarray, random
from xdl.rl import HostEnvironment
from xdl.rl._algorithm import Spaces


class Counter(HostEnvironment):
    """Copy c shows (c, steps), pays 10 steps, and its episode ends after c + 2 steps, of copy 0 by truncation."""

    def __init__(self, copies=3, actions=4):
        self.copies = copies
        self.spaces = Spaces((2,), actions=actions) if actions else Spaces((2,), action_size=2)

    def begin(self, seeds):
        self.seeds, self.t = seeds, np.zeros(self.copies)
        return self.show()

    def show(self):
        return np.stack([np.arange(self.copies), self.t], axis=-1)

    def play(self, action):
        self.got = action
        self.t += 1
        seen, ended, first = (
            self.show(),
            self.t >= np.arange(self.copies) + 2,
            np.arange(self.copies) == 0,
        )
        paid = 10 * self.t
        self.t[ended] = 0
        return seen, paid, ended & ~first, ended & first, self.show()


def test_the_last_observation_is_kept_apart_from_the_first(xp):
    env = Counter()
    seen = env.start(random.key(0, like=xp.asarray(0.0)), xp.asarray(0.0))
    np.testing.assert_array_equal(values(seen)[:, 1], [0, 0, 0])
    steps = np.zeros(3)
    for _ in range(12):
        before = seen
        taken, seen = env.step(xp.asarray([0, 1, 2]))
        np.testing.assert_array_equal(values(taken.observation), values(before))
        steps += 1
        np.testing.assert_array_equal(values(taken.next_observation)[:, 1], steps)
        np.testing.assert_array_equal(values(taken.reward), 10 * steps)
        np.testing.assert_array_equal(values(taken.total), 10 * steps * (steps + 1) / 2)
        ended = steps >= [2, 3, 4]
        np.testing.assert_array_equal(values(taken.terminated), ended & [False, True, True])
        np.testing.assert_array_equal(values(taken.truncated), ended & [True, False, False])
        steps[ended] = 0
        np.testing.assert_array_equal(values(seen)[:, 1], steps)
    assert seen.dtype == taken.reward.dtype == xp.asarray(0.0).dtype
    np.testing.assert_array_equal(env.got, [0, 1, 2])
    assert env.got.dtype == np.int32


def test_seeds_are_those_of_the_key():
    one, same, other = Counter(), Counter(), Counter()
    for env, seed in ((one, 0), (same, 0), (other, 1)):
        env.start(random.key(seed))
    assert one.seeds == same.seeds
    assert len({*one.seeds, *other.seeds}) == 6


def test_nan_is_told_where_it_is():
    env = Counter()
    env.start(random.key(0))
    env.step(asarray([0, 0, 0]))
    env.t[1] = np.nan
    with pytest.raises(ValueError, match="the reward is NaN in copy 1, after 2 steps"):
        env.step(asarray([0, 0, 0]))
    env.start(random.key(0))
    env.play = lambda action: (
        np.array([[0, 1], [2, np.nan], [0, 0.0]]),
        *np.zeros((3, 3), bool),
        np.zeros((3, 2)),
    )
    with pytest.raises(ValueError, match="the observation is NaN in copy 1, entry 1, after 1 step"):
        env.step(asarray([0, 0, 0]))


def test_mistakes():
    with pytest.raises(ValueError, match="call `start"):
        Counter().step(asarray([0, 0, 0]))
    env = Counter()
    env.start(random.key(0))
    with pytest.raises(ValueError, match=r"`action` must have shape \(3,\), one for each copy, got \(2,\)"):
        env.step(asarray([0, 0]))
    env = Counter(actions=None)
    env.start(random.key(0))
    with pytest.raises(ValueError, match=r"must have shape \(3, 2\)"):
        env.step(asarray([0.0, 0, 0]))
