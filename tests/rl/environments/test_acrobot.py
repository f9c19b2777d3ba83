import numpy as np
from asserts import values
from rl.environments.steps import steps_of

from xdl.rl import Acrobot


def swing(env, rng):
    """Mostly with the motion of the second link, so that it comes up."""
    return (2 if env.state[3] >= 0 else 0) if rng.random() < 0.9 else int(rng.integers(3))


def test_it_moves_as_gymnasiums(xp64):
    """1,000 steps, by torques that mostly swing, so that the end is reached."""
    state, action, after, reward, ended, seen = steps_of("Acrobot-v1", swing)
    ours = Acrobot()
    found, paid, done = ours.step(xp64.asarray(state), xp64.asarray(action), xp64.zeros((1000, 0)))
    np.testing.assert_allclose(values(found), after, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(values(paid), reward, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(values(done), ended)
    np.testing.assert_allclose(values(ours.observe(found)), seen, rtol=1e-5, atol=1e-5)
    assert ended.any()
    assert (np.abs(after[:, 0] - state[:, 0]) > 6).any()  # an angle has gone round


def test_it_begins_hanging():
    noise = np.asarray([[0.0, 0.5, 1.0, 0.0]])
    np.testing.assert_allclose(Acrobot().reset(noise), [[-0.1, 0, 0.1, -0.1]])
