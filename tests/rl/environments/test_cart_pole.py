import numpy as np
from asserts import values
from rl.environments.steps import steps_of

from xdl.rl import CartPole


def test_it_moves_as_gymnasiums(xp64):
    """1,000 steps, by pushes at random."""
    state, action, after, reward, ended, seen = steps_of("CartPole-v1", lambda env, rng: int(rng.integers(2)))
    ours = CartPole()
    found, paid, done = ours.step(xp64.asarray(state), xp64.asarray(action), xp64.zeros((1000, 0)))
    np.testing.assert_allclose(values(found), after, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(values(paid), reward, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(values(done), ended)
    np.testing.assert_allclose(values(ours.observe(found)), seen, rtol=1e-5, atol=1e-5)
    assert ended.any()
