"""Vector environments, in the ways in which gymnasium lets a new episode begin."""

import numpy as np
import pytest
from asserts import values

from xdl import asarray, random, rl

gymnasium = pytest.importorskip("gymnasium")
from gymnasium.vector import AutoresetMode

MODES = list(AutoresetMode)
COPIES, STEPS = 3, 40
# from S to the right: a trap after 5 steps; by other ways it takes more than 8
CORRIDOR = rl.GridWorld("S....X ......", max_steps=8)


def walk(step):
    """To the right; copies 1 and 2 also down, every third and every second time."""
    return np.asarray([2, 1 if step % 3 == 0 else 2, step % 2 + 1])


def seen_by(env):
    seen = env.start(random.key(0))
    rows = []
    for step in range(STEPS):
        taken, following = env.step(asarray(walk(step)))
        rows.append(
            [
                values(x)
                for x in (seen, taken.next_observation, taken.reward, taken.terminated, taken.truncated)
            ]
        )
        seen = following
    return [np.asarray(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_copies_in_one_call_are_single_ones(mode):
    """Through GymnasiumEnvironment, for which no step is lost in whatever mode."""
    found = seen_by(rl.GymnasiumEnvironment(rl.as_gymnasium_vector(CORRIDOR, COPIES, autoreset_mode=mode)))
    expected = seen_by(rl.GymnasiumEnvironment(lambda: rl.as_gymnasium(CORRIDOR), COPIES))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert expected[3].any()
    assert expected[4].any()


def test_next_step_ignores_the_action_of_the_step_between():
    env = rl.as_gymnasium_vector(rl.CartPole(max_steps=3), 2)
    env.reset(seed=0)
    for step in range(1, 9):
        seen, paid, terminated, truncated, infos = env.step(np.asarray([0, 1]))
        between = step % 4 == 0
        assert (paid == (0 if between else 1)).all()
        assert (truncated == (step % 4 == 3)).all()
        assert not terminated.any()
        assert (np.abs(seen) <= 0.05).all() == between
        assert infos == {}


def test_same_step_tells_the_last_observation():
    env = rl.as_gymnasium_vector(rl.CartPole(max_steps=3), 2, autoreset_mode="SameStep")
    env.reset(seed=0)
    for step in range(1, 7):
        seen, paid, _, truncated, infos = env.step(np.asarray([0, 1]))
        ends = step % 3 == 0
        assert (paid == 1).all()
        assert (truncated == ends).all()
        assert (np.abs(seen) <= 0.05).all() == ends
        if ends:
            assert infos["_final_obs"].all()
            assert all((np.abs(last[[1, 3]]) > 0.3).all() for last in infos["final_obs"])
        else:
            assert infos == {}


@pytest.mark.parametrize("mode", MODES[:2], ids=lambda mode: mode.value)
def test_wrappers_of_gymnasium_count_the_returns(mode):
    env = gymnasium.wrappers.vector.RecordEpisodeStatistics(
        rl.as_gymnasium_vector(rl.GridWorld("S.G", step=-1), 4, autoreset_mode=mode)
    )
    env.reset(seed=0)
    returns, lengths = [], []
    for _ in range(12):
        *_, infos = env.step(np.full(4, 2))
        if "episode" in infos:
            returns += infos["episode"]["r"].tolist()
            lengths += infos["episode"]["l"].tolist()
    assert set(returns) == {-1.0}  # two steps of -1, and the goal
    assert set(lengths) == {2}
    assert len(returns) == 4 * (6 if mode is AutoresetMode.SAME_STEP else 4)


def test_seeds_and_spaces():
    env = rl.as_gymnasium_vector(rl.Pendulum(), 5)
    first, _ = env.reset(seed=1)
    again, _ = env.reset(seed=1)
    other, _ = env.reset(seed=2)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert len(np.unique(first[:, 2])) == 5
    assert first in env.observation_space
    env.action_space.seed(0)
    seen, paid, *_ = env.step(env.action_space.sample())
    assert seen in env.observation_space
    assert paid.shape == (5,)


def test_pictures():
    pytest.importorskip("matplotlib")
    env = rl.as_gymnasium_vector(rl.CartPole(), 2, render_mode="rgb_array")
    env.reset(seed=0)
    assert [picture.shape for picture in env.render()] == [(300, 400, 3)] * 2
    assert rl.as_gymnasium_vector(rl.CartPole(), 2).render() is None


def test_no_step_before_a_start():
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        rl.as_gymnasium_vector(rl.CartPole(), 2).step(np.zeros(2))
