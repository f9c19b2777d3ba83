import numpy as np
from asserts import values
from rl.environments.steps import steps_of

from xdl.rl import MountainCar


def swing(env, rng):
    return (2 if env.state[1] >= 0 else 0) if rng.random() < 0.8 else int(rng.integers(3))


def test_it_moves_as_gymnasiums(xp64):
    """1,000 steps, by pushes that mostly swing, so that the wall and the flag are reached."""
    state, action, after, reward, ended, seen = steps_of("MountainCar-v0", swing)
    ours = MountainCar()
    found, paid, done = ours.step(xp64.asarray(state), xp64.asarray(action), xp64.zeros((1000, 0)))
    np.testing.assert_allclose(values(found), after, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(values(paid), reward, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(values(done), ended)
    np.testing.assert_allclose(values(ours.observe(found)), seen, rtol=1e-5, atol=1e-5)
    assert ended.any()
    assert (after[:, 0] == -1.2).any()


def test_it_begins_near_the_bottom():
    noise = np.asarray([[0.0], [0.5], [1.0]])
    np.testing.assert_allclose(MountainCar().reset(noise), [[-0.6, 0], [-0.5, 0], [-0.4, 0]])
