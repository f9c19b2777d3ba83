import numpy as np
import pytest

from xdl import asarray, random, rl

pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")


def lean(observation):
    """Push to where the pole falls."""
    return (observation[:, 2] + observation[:, 3] > 0).astype(np.int64)


def shots(path):
    with Image.open(path) as gif:
        pictures = []
        for k in range(gif.n_frames):
            gif.seek(k)
            pictures.append(np.asarray(gif.convert("RGB")))
        return pictures, gif.info["duration"]


def test_an_episode_of_cart_pole(tmp_path):
    path = tmp_path / "cart.gif"
    total = rl.animate(rl.CartPole(max_steps=30), lean, random.key(0), path)
    pictures, duration = shots(path)
    assert total == 30
    assert len(pictures) == 31  # the first is of the start
    assert pictures[0].shape == (300, 400, 3)
    assert duration == 20
    assert (pictures[0] != pictures[20]).any()
    assert rl.animate(rl.CartPole(), lean, random.key(0), path, max_steps=4, fps=10) == 4
    pictures, duration = shots(path)
    assert (len(pictures), duration) == (5, 100)


def test_the_last_picture_is_where_it_ended(tmp_path):
    """Not where the next episode begins."""
    world = rl.GridWorld("S.G")
    path = tmp_path / "grid.gif"
    assert rl.animate(world, lambda cell: np.full(1, 2), random.key(0), path) == 1
    pictures, _ = shots(path)
    assert len(pictures) == 3
    marks = [np.nonzero(np.abs(p.astype(int) - [0xE0, 0x7A, 0x1F]).max(-1) < 30)[1].mean() for p in pictures]
    assert marks[0] < 150 < marks[1] < 250 < marks[2]


def test_pictures_of_gymnasium(tmp_path):
    gymnasium = pytest.importorskip("gymnasium")

    class Fade(gymnasium.Env):
        observation_space, action_space = gymnasium.spaces.Discrete(9), gymnasium.spaces.Discrete(2)

        def __init__(self, render_mode=None):
            self.render_mode = render_mode

        def reset(self, *, seed=None, options=None):
            self.t = 0
            return 0, {}

        def step(self, action):
            self.t += 1
            return self.t, 2.0, self.t == 4, False, {}

        def render(self):
            return np.full((20, 30, 3), 60 * self.t, np.uint8) if self.render_mode else None

    path = tmp_path / "fade.gif"
    stay = lambda seen: asarray([0])
    env = rl.GymnasiumEnvironment(Fade, render_mode="rgb_array")
    assert rl.animate(env, stay, random.key(0), path) == 8
    pictures, _ = shots(path)
    grays = [int(p[150, 200, 0]) for p in pictures]
    np.testing.assert_allclose(grays, [0, 60, 120, 180, 180], atol=3)
    with pytest.raises(ValueError, match="gives no picture: it needs one copy"):
        rl.animate(rl.GymnasiumEnvironment(Fade), stay, random.key(0), path)
    with pytest.raises(ValueError, match="gives no picture: it needs one copy"):
        rl.animate(rl.GymnasiumEnvironment(Fade, 2, render_mode="rgb_array"), stay, random.key(0), path)


def test_another_format(tmp_path):
    with pytest.raises(TypeError, match="must be an Environment or a HostEnvironment, got 'CartPole-v1'"):
        rl.animate("CartPole-v1", lean, random.key(0), tmp_path / "cart.gif")
    with pytest.raises(ValueError, match="`path` must end in .gif, got 'cart.mp4'"):
        rl.animate(rl.CartPole(), lean, random.key(0), "cart.mp4")
