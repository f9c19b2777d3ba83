import numpy as np
import pytest
from asserts import values

from xdl.rl import CartPole

gymnasium = pytest.importorskip("gymnasium")


def test_it_moves_as_gymnasiums(xp64):
    """1,000 random actions, step for step."""
    theirs = gymnasium.make("CartPole-v1").unwrapped
    ours, rng, k = CartPole(), np.random.default_rng(0), 0
    while k < 1000:
        theirs.reset(seed=k)
        state, ended = xp64.asarray(np.asarray(theirs.state)[None]), False
        while not ended and k < 1000:
            k += 1
            action = int(rng.integers(2))
            seen, reward, ended, _, _ = theirs.step(action)
            state, paid, fallen = ours.step(state, xp64.asarray([action]), xp64.zeros((1, 0)))
            np.testing.assert_allclose(values(ours.observe(state))[0], theirs.state, rtol=1e-6, atol=1e-6)
            assert (float(values(paid)[0]), bool(values(fallen)[0])) == (reward, ended)
