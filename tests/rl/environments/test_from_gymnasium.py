import functools

import numpy as np
import pytest
from asserts import values

from xdl import asarray, random
from xdl.rl import GymnasiumEnvironment

gymnasium = pytest.importorskip("gymnasium")
from gymnasium import spaces
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

COPIES, STEPS = 3, 150
MODES = list(AutoresetMode)


make = functools.partial(gymnasium.make, "CartPole-v1", max_episode_steps=12)


def pushes(step):
    """Mostly to the right, and less so in later copies, so that episodes end at different times, and in both ways."""
    return np.asarray([(step + k) % (2 + k) != 0 for k in range(COPIES)], dtype=np.int64)


def by_hand(seeds, first_seed=None):
    """The loop that everybody writes, for each copy apart: observation, what was seen then, reward, ends, following."""
    rows = []
    for k, seed in enumerate(seeds):
        env = make()
        seen, _ = env.reset(seed=seed)
        for step in range(STEPS):
            then, reward, terminated, truncated, _ = env.step(pushes(step)[k])
            following = env.reset()[0] if terminated or truncated else then
            rows.append((seen, then, reward, terminated, truncated, following))
            seen = following
    columns = [np.asarray(column) for column in zip(*rows, strict=True)]
    return [np.moveaxis(c.reshape(COPIES, STEPS, *c.shape[1:]), 0, 1) for c in columns]


def compare(env, seeds_of, like=None):
    key = random.key(7) if like is None else random.key(7, like=like)
    seen = env.start(key, like)
    seeds = seeds_of(key)
    rows = []
    for step in range(STEPS):
        taken, following = env.step(asarray(pushes(step), like=seen))
        assert (values(taken.observation) == values(seen)).all()
        seen = following
        columns = (
            taken.observation,
            taken.next_observation,
            taken.reward,
            taken.terminated,
            taken.truncated,
            following,
        )
        rows.append([values(column) for column in columns])
    env.close()
    expected = by_hand(seeds)
    for found, wanted in zip(zip(*rows, strict=True), expected, strict=True):
        np.testing.assert_array_equal(np.asarray(found), wanted)
    assert expected[3].any()
    assert expected[4].any()
    assert len(set(expected[3].sum(axis=0))) > 1  # not all at once


def drawn(key):
    return [int(v) for v in values(random.randint(key, (COPIES,), 0, 2**31 - 1))]


def counted(key):
    return [drawn(key)[0] + k for k in range(COPIES)]


def test_copies_are_the_loop_by_hand(xp):
    compare(GymnasiumEnvironment(make, COPIES), drawn, xp.asarray(0.0))
    if xp.__name__.endswith("numpy"):
        compare(GymnasiumEnvironment("CartPole-v1", COPIES, max_episode_steps=12), drawn)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_vector_environments_are_the_loop_by_hand(mode):
    """The last observation is the true one, and no step is lost between two episodes, however they begin again."""
    compare(GymnasiumEnvironment(SyncVectorEnv([make] * COPIES, autoreset_mode=mode)), counted)
    # written to the same array in each step
    compare(GymnasiumEnvironment(SyncVectorEnv([make] * COPIES, autoreset_mode=mode, copy=False)), counted)


@pytest.mark.parametrize("mode", MODES[:2], ids=lambda mode: mode.value)
def test_processes_are_the_loop_by_hand(mode):
    env = AsyncVectorEnv([make] * COPIES, autoreset_mode=mode, copy=False, context="spawn")
    compare(GymnasiumEnvironment(env), counted)


def test_a_vector_environment_that_begins_all_copies_alike():
    env = GymnasiumEnvironment(gymnasium.make_vec("CartPole-v1", 3, vectorization_mode="vector_entry_point"))
    env.start(random.key(0))
    run = lambda: [env.step(asarray(pushes(step))) for step in range(50)]
    with pytest.raises(ValueError, match="cannot begin a new episode in some copies alone.*SAME_STEP"):
        run()


class Odd(gymnasium.Env):
    """Spaces of choice; remembers the action."""

    def __init__(self, observation, action):
        self.observation_space, self.action_space = observation, action
        observation.seed(0)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        assert action in self.action_space
        self.action = action
        return self.observation_space.sample(), 1, False, False, {}


def images():
    return spaces.Box(0, 255, (2, 4, 3), np.uint8)


def test_observations_keep_their_shape_and_kind(xp):
    env = GymnasiumEnvironment(lambda: Odd(images(), spaces.Discrete(2)), 2)
    like = xp.asarray(0.0)
    seen = env.start(random.key(0, like=like), like)
    assert seen.shape == (2, 2, 4, 3)
    assert seen.dtype == xp.uint8
    assert (env.spaces.observation_shape, env.spaces.observation_dtype) == ((2, 4, 3), "uint8")
    assert (env.spaces.states, env.spaces.actions) == (None, 2)
    taken, _ = env.step(xp.asarray([0, 1]))
    assert taken.reward.dtype == like.dtype
    doubles = GymnasiumEnvironment(Odd(spaces.Box(-1, 1, (3,), np.float64), spaces.Discrete(2)))
    assert doubles.spaces.observation_dtype == "float32"
    assert doubles.start(random.key(0, like=like)).dtype == xp.float32


def test_integers_begin_at_zero():
    inner = Odd(spaces.Discrete(5, start=10), spaces.Discrete(3, start=-1))
    env = GymnasiumEnvironment(inner)
    seen = env.start(random.key(0))
    assert (env.spaces.states, env.spaces.actions, env.spaces.observation_shape) == (5, 3, ())
    found = {int(seen[0])}
    for step in range(50):
        _, seen = env.step(asarray([step % 3]))
        assert inner.action == step % 3 - 1
        found.add(int(seen[0]))
    assert found == set(range(5))


def test_vectors_are_clipped_and_take_their_shape():
    bounds = np.asarray([[-1, -2], [-3, -np.inf]], dtype=np.float32)
    inner = Odd(images(), spaces.Box(bounds, -bounds))
    env = GymnasiumEnvironment(inner)
    env.start(random.key(0))
    assert env.spaces.action_size == 4
    assert env.spaces.low == (-1, -2, -3, -np.inf)
    assert env.spaces.high == (1, 2, 3, np.inf)
    taken, _ = env.step(asarray([[5.0, -5.0, 0.5, 50.0]]))
    np.testing.assert_array_equal(inner.action, [[1, -2], [0.5, 50]])
    np.testing.assert_array_equal(taken.action, [[5, -5, 0.5, 50]])


@pytest.mark.parametrize(
    "space",
    [
        spaces.Dict(a=spaces.Discrete(2)),
        spaces.Tuple([spaces.Discrete(2)]),
        spaces.MultiBinary(3),
        spaces.MultiDiscrete([2, 3]),
        spaces.Text(3),
    ],
    ids=lambda space: type(space).__name__,
)
def test_spaces_that_are_not_of_numbers(space):
    with pytest.raises(
        TypeError, match=f"observations of Box or Discrete, got the space {type(space).__name__}.*Flatten"
    ):
        GymnasiumEnvironment(Odd(space, spaces.Discrete(2)))
    with pytest.raises(
        TypeError, match=f"actions of Discrete or a Box of floats, got the space {type(space).__name__}"
    ):
        GymnasiumEnvironment(Odd(images(), space))


def test_mistakes():
    with pytest.raises(ValueError, match="`copies` must be at least 1, got 0"):
        GymnasiumEnvironment(make, 0)
    for source in (make(), SyncVectorEnv([make]), lambda: SyncVectorEnv([make])):
        with pytest.raises(ValueError, match="no further copies can be made"):
            GymnasiumEnvironment(source, 2)
    with pytest.raises(ValueError, match="no further copies can be made, nor does it take options"):
        GymnasiumEnvironment(make(), max_episode_steps=5)
    env = AsyncVectorEnv([make], shared_memory=False, context="spawn")
    with pytest.raises(ValueError, match="needs `shared_memory=True`"):
        GymnasiumEnvironment(env)
    env.close()
    one = make()
    with pytest.raises(ValueError, match="another environment in each call, got the same again"):
        GymnasiumEnvironment(lambda: one, 2)
    silent = SyncVectorEnv([make])
    silent.metadata = {}
    with pytest.raises(ValueError, match="does not say when it begins new episodes"):
        GymnasiumEnvironment(silent)
    with pytest.raises(TypeError, match="integer|Box"):
        GymnasiumEnvironment(Odd(images(), spaces.Box(0, 5, (2,), np.int32)))


def test_nan_is_told_where_it_is():
    env = GymnasiumEnvironment("Pendulum-v1", 2, disable_env_checker=True)
    env.start(random.key(0))
    with pytest.raises(ValueError, match=r"NaN in copy 1.*after 1 step"):
        env.step(asarray([[0.0], [np.nan]]))
