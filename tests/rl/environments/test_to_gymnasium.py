import pickle
import warnings

import numpy as np
import pytest

from xdl import rl

gymnasium = pytest.importorskip("gymnasium")
from gymnasium.utils.env_checker import check_env

ENVIRONMENTS = {
    "CartPole": rl.CartPole(),
    "MountainCar": rl.MountainCar(),
    "Pendulum": rl.Pendulum(),
    "Acrobot": rl.Acrobot(),
    "GridWorld": rl.GridWorld("...G .#.X S...", slip=0.2),
    "EngagementChain": rl.EngagementChain(),
    "TabularEnvironment": rl.tabular_environment(rl.engagement_chain()),
}
TWINS = {
    "CartPole": "CartPole-v1",
    "MountainCar": "MountainCar-v0",
    "Pendulum": "Pendulum-v1",
    "Acrobot": "Acrobot-v1",
}


def complaints(env, **options):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        check_env(env, **options)
    return [str(warning.message) for warning in found]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_checker_passes(name):
    """With no complaint that gymnasium's own environment does not give rise to."""
    pytest.importorskip("matplotlib")
    ours = complaints(rl.as_gymnasium(ENVIRONMENTS[name], render_mode="rgb_array"))
    twin = TWINS.get(name)
    theirs = complaints(gymnasium.make(twin).unwrapped, skip_render_check=True) if twin else []
    assert ours == theirs


@pytest.mark.parametrize("name", TWINS)
def test_spaces_are_those_of_gymnasiums(name):
    ours, theirs = rl.as_gymnasium(ENVIRONMENTS[name]), gymnasium.make(TWINS[name])
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space


@pytest.mark.parametrize("name", ["CartPole", "Pendulum"])
def test_episodes_are_those_of_gymnasiums(name):
    """From the same state, by the same actions: what is seen and paid, and where it ends or is cut off."""
    theirs = gymnasium.make(TWINS[name])
    ours = rl.as_gymnasium(ENVIRONMENTS[name])
    theirs.action_space.seed(0)
    for seed in range(5):
        theirs.reset(seed=seed)
        ours.reset(seed=seed)
        ours._state = np.asarray(theirs.unwrapped.state, dtype=np.float64)[None]
        over = False
        while not over:
            action = theirs.action_space.sample()
            seen, paid, *ends, _ = ours.step(action)
            expected, reward, *expected_ends, _ = theirs.step(action)
            np.testing.assert_allclose(seen, expected, rtol=1e-6, atol=1e-6)
            np.testing.assert_allclose(paid, reward, rtol=1e-6, atol=1e-6)
            assert ends == expected_ends
            over = any(ends)


def test_it_can_be_made_again():
    env = rl.as_gymnasium(ENVIRONMENTS["GridWorld"])
    same = gymnasium.make(env.spec)
    again = pickle.loads(pickle.dumps(env))
    runs = []
    for one in (env, same, again):
        rows = [one.reset(seed=3)[0]]
        for k in range(6):
            rows.append(one.step(k % 4)[:3])
        runs.append(rows)
    assert runs[0] == runs[1] == runs[2]


def test_arrays_of_another_library():
    jax = pytest.importorskip("jax")
    world = rl.GridWorld("S.G", like=jax.numpy.asarray(0.0))
    env = rl.as_gymnasium(world)
    assert env.reset()[0] == 0
    assert env.step(2)[:3] == (1, 0.0, False)
    assert env.step(2)[:3] == (2, 1.0, True)


def test_mistakes():
    env = rl.as_gymnasium(rl.CartPole())
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        env.step(0)
    assert env.render() is None
    with pytest.raises(ValueError, match="`render_mode` must be None or 'rgb_array', got 'human'"):
        rl.as_gymnasium(rl.CartPole(), render_mode="human")
    with pytest.raises(ValueError, match="`copies` must be at least 1, got 0"):
        rl.as_gymnasium_vector(rl.CartPole(), 0)

    class Counter(rl.Environment):
        actions = 2
        max_steps: int = 5

    with pytest.raises(TypeError, match="observations of Counter are integers: its attribute `states`"):
        rl.as_gymnasium(Counter())
