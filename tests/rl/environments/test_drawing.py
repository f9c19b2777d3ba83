"""Where the orange pixels are: what moves is drawn in orange."""

import numpy as np
import pytest
from asserts import assert_close

from xdl import rl

pytest.importorskip("matplotlib")


def places(env, states, dtype=np.float64):
    """Mean column and row of orange, from the left and from below, in parts of the picture."""
    pictures = rl.frames(env, np.asarray(states, dtype=dtype))
    assert pictures.shape == (len(states), 300, 400, 3)
    assert pictures.dtype == np.uint8
    orange = np.abs(pictures.astype(int) - [0xE0, 0x7A, 0x1F]).max(-1) < 8
    found = []
    for mask in orange:
        rows, columns = np.nonzero(mask)
        found.append((columns.mean() / 400, 1 - rows.mean() / 300))
    return np.asarray(found).T


def test_cart_pole():
    right, _ = places(rl.CartPole(), [[x, 0, 0, 0] for x in (-2.4, -1, 0, 1.5)])
    assert (np.diff(right) > 0.1).all()
    assert abs(right[2] - 0.5) < 0.01
    leaning, up = places(rl.CartPole(), [[0, 0, a, 0] for a in (-0.2, 0, 0.2)])
    assert (np.diff(leaning) > 0.01).all()
    assert up[1] > up[0]


def test_mountain_car():
    right, up = places(rl.MountainCar(), [[x, 0.0] for x in (-1.0, -np.pi / 6, 0.3)])
    assert (np.diff(right) > 0.1).all()
    assert up[1] < up[0] < up[2]


def test_pendulum():
    right, up = places(rl.Pendulum(), [[a, 0.0] for a in (0, np.pi / 2, np.pi, -np.pi / 2)])
    assert right[1] < right[0] - 0.1 < right[3] - 0.2  # it turns against the clock
    assert abs(right[0] - right[2]) < 0.01
    assert up[0] > up[1] + 0.1 > up[2] + 0.2


def test_acrobot():
    right, up = places(
        rl.Acrobot(), [[0, 0, 0, 0], [np.pi / 2, 0, 0, 0], [np.pi, 0, 0, 0], [0, np.pi / 2, 0, 0]]
    )
    assert abs(right[0] - right[2]) < 0.01
    assert right[1] > right[3] + 0.05 > right[0] + 0.1
    assert up[0] < up[3] < up[1] < up[2]


def test_grid_world():
    """In the middle of the cell."""
    world = rl.GridWorld("...G .#.X S...")
    right, up = places(world, range(12), np.int64)
    np.testing.assert_allclose(np.diff(right.reshape(3, 4), axis=1), right[1] - right[0], atol=5e-3)
    np.testing.assert_allclose(np.diff(up.reshape(3, 4), axis=0), up[4] - up[0], atol=5e-3)
    assert up[0] > up[4] > up[8]
    picture = rl.frames(world, np.asarray([8]))[0]
    for color in ((0x3A, 0x7D, 0x44), (0xB2, 0x3A, 0x48), (0x22, 0x22, 0x3B)):  # goal, trap, wall
        assert (picture == color).all(-1).sum() > 500


def test_tables():
    right, up = places(rl.EngagementChain(), range(10), np.int64)
    assert (np.diff(right) > 0.05).all()
    assert (np.diff(up) > 0.01).all()
    right, up = places(rl.tabular_environment(rl.engagement_chain(levels=4)), range(4), np.int64)
    np.testing.assert_allclose(right[:2], right[2:], atol=1e-3)
    np.testing.assert_allclose(up[::2], up[1::2], atol=1e-3)
    assert right[1] > right[0] + 0.1
    assert up[0] > up[2] + 0.1


def test_states_of_every_library(xp):
    states = [[0.5, 0.0, 0.1, 0.0]]
    assert_close(
        rl.frames(rl.CartPole(), xp.asarray(states)), rl.frames(rl.CartPole(), np.asarray(states)), rtol=0
    )


def test_others_are_told_how():
    class Line(rl.Environment):
        max_steps: int = 5

    with pytest.raises(TypeError, match=r"Line has no picture: tell `draw.register\(Line, function\)`"):
        rl.frames(Line(), np.zeros((1, 1)))
    rl.draw.register(Line, lambda env, axes, state: axes.plot([0, 1], [0, 1], color="#e07a1f", lw=20))
    assert places(Line(), [[0.0]]).shape == (2, 1)


@pytest.mark.parametrize(
    "env",
    [rl.CartPole(), rl.MountainCar(), rl.GridWorld("S..G"), rl.EngagementChain()],
    ids=lambda env: type(env).__name__,
)
def test_nothing_stays_of_the_picture_before(env):
    state = env.reset(np.asarray([[0.1] * env.reset_noise, [0.9] * env.reset_noise]))
    first, between, again = rl.frames(env, state[[0, 1, 0]])
    np.testing.assert_array_equal(first, again)
    # in a grid with one start there is one first state
    assert (first != between).any() == (state[0] != state[1]).any()
