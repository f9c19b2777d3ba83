import numpy as np
from asserts import values
from rl.environments.steps import steps_of

from xdl.rl import Pendulum


def test_it_moves_as_gymnasiums(xp64):
    """1,000 steps, by torques of which some are beyond the motor."""
    state, action, after, reward, ended, seen = steps_of(
        "Pendulum-v1", lambda env, rng: rng.uniform(-3, 3, 1)
    )
    ours = Pendulum()
    found, paid, done = ours.step(
        xp64.asarray(state), xp64.asarray(action, dtype=xp64.float64), xp64.zeros((1000, 0))
    )
    np.testing.assert_allclose(values(found), after, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(values(paid), reward, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(values(done), ended)
    np.testing.assert_allclose(values(ours.observe(found)), seen, rtol=1e-5, atol=1e-5)
    assert not ended.any()


def test_it_begins_anywhere():
    noise = np.asarray([[0.0, 0.0], [0.5, 1.0], [1.0, 0.5]])
    np.testing.assert_allclose(Pendulum().reset(noise), [[-np.pi, -1], [0, 1], [np.pi, 0]])
