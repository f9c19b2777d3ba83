import numpy as np
from asserts import assert_close, values

from xdl.rl import CartPole, advance, start


def test_episodes_end_and_begin_again(xp64):
    """The last observation of an episode is kept apart from the first of the next."""
    env = CartPole(max_steps=5)
    rng = np.random.default_rng(0)
    draw = lambda n: xp64.asarray(rng.random((3, n)))
    now = start(env, draw(4))
    push = xp64.asarray([1, 0, 1])
    for k in range(1, 12):
        before = now
        noise = draw(4)
        now, taken = advance(env, now, push, noise)
        ended = values(taken.ended)
        assert_close(taken.observation, before.observation)
        assert (values(taken.truncated) == (k % 5 == 0)).all()
        assert not values(taken.terminated).any()
        np.testing.assert_array_equal(values(taken.total), (k - 1) % 5 + 1)
        np.testing.assert_array_equal(values(now.steps), k % 5)
        fresh = env.observe(env.reset(noise))
        expected = np.where(ended[:, None], values(fresh), values(taken.next_observation))
        np.testing.assert_array_equal(values(now.observation), expected)
