import numpy as np
import pytest
from asserts import assert_close

from xdl import random, rl

RUSSELL = "...G .#.X S..."
WINDY = "." * 10 + (" " + "." * 10) * 2 + " S......G.. " + " ".join(["." * 10] * 3)


def test_the_world_of_russell_and_norvig():
    """Utilities of figure 17.3 of the third edition: 0.8 of the steps go where they should."""
    world = rl.GridWorld(RUSSELL, step=-0.04, slip=0.2)
    plan = rl.value_iteration(world.mdp(1.0), tol=1e-10)
    found = np.reshape(plan.value[:-1], world.shape)
    published = [[0.812, 0.868, 0.918, 0], [0.762, 0, 0.660, 0], [0.705, 0.655, 0.611, 0.388]]
    np.testing.assert_allclose(found, published, atol=5e-4)
    left, right, up = 0, 2, 3
    arrows = np.reshape(plan.policy[:-1], world.shape)
    assert arrows[0, :3].tolist() == [right] * 3
    assert arrows[2].tolist() == [up, left, left, left]
    assert (arrows[1, 0], arrows[1, 2]) == (up, up)


def test_windy_grid_world():
    """Example 6.5 of Sutton & Barto: from S to G in 15 steps."""
    world = rl.GridWorld(WINDY, ends={"G": 0.0}, step=-1, wind=(0, 0, 0, 1, 1, 1, 2, 2, 1, 0))
    plan = rl.value_iteration(world.mdp(1.0))
    assert plan.value[30] == -15
    assert world.reset(np.asarray([[0.3]])).tolist() == [30]


@pytest.mark.parametrize("size", ["4x4", "8x8"])
def test_frozen_lake(size):
    """The table of gymnasium's, in which a third of the steps goes to either side."""
    gymnasium = pytest.importorskip("gymnasium")
    lake = gymnasium.make("FrozenLake-v1", map_name=size)
    text = " ".join(b"".join(row).decode() for row in lake.unwrapped.desc)
    world = rl.GridWorld(text, ends={"G": 1.0, "H": 0.0}, slip=2 / 3)
    ours, theirs = world.mdp(0.9).dense(), rl.mdp_from_gymnasium(lake, discount=0.9).dense()
    np.testing.assert_allclose(ours.transition, theirs.transition, atol=1e-12)
    np.testing.assert_allclose(ours.reward, theirs.reward, atol=1e-12)
    np.testing.assert_allclose(rl.value_iteration(ours).value, rl.value_iteration(theirs).value, atol=1e-12)


def test_walks_earn_what_the_plan_says():
    """The mean return of 4,000 episodes, within four standard errors of the value of the first cell."""
    world = rl.GridWorld(RUSSELL, step=-0.04, slip=0.2)
    plan = rl.value_iteration(world.mdp(1.0))
    n, steps = 4000, 80
    noise = np.asarray(random.uniform(random.key(0), (steps, n, 2)))
    now = rl.start(world, noise[0, :, :1])
    total, alive = np.zeros(n), np.ones(n, bool)
    for u in noise:
        now, taken = rl.advance(world, now, plan.policy[now.observation], u)
        total += np.where(alive, taken.reward, 0)
        alive &= ~taken.terminated
    assert not alive.any()
    assert abs(total.mean() - plan.value[8]) < 4 * total.std() / np.sqrt(n)


def test_episodes_begin_in_any_free_cell_where_none_is_marked():
    world = rl.GridWorld("..# G.X")
    starts = world.reset(np.linspace(0, 1, 600, endpoint=False)[:, None])
    assert np.unique(starts, return_counts=True)[0].tolist() == [0, 1, 4]
    assert (np.unique(starts, return_counts=True)[1] == 200).all()


def test_its_process_is_of_the_library_asked_for(xp64):
    like = xp64.asarray(0.0, dtype=xp64.float64)
    expected, found = rl.GridWorld(RUSSELL, slip=0.2).mdp(), rl.GridWorld(RUSSELL, slip=0.2, like=like).mdp()
    assert_close(found.probability, expected.probability, like=like, rtol=0, atol=0)
    assert_close(found.reward, expected.reward, like=like, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": ".. ..."}, r"one for each row, got lengths \[2, 3\]"),
        ({"text": ""}, r"got lengths \[\]"),
        ({"text": "..G ..?"}, "unknown letter '\\?' in row 1, column 2"),
        ({"text": "G#X"}, "no free cell"),
        ({"text": "..G", "ends": {"S": 1.0}}, "`ends` must name letters other than .* got 'S'"),
        ({"text": "..G", "slip": 1.5}, "`slip` must be a probability, got 1.5"),
        ({"text": "..G", "wind": (0, 1)}, r"`wind` must have 3 numbers .* got \(0, 1\)"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(ValueError, match=message):
        rl.GridWorld(**options)
