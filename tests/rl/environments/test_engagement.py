import numpy as np
import pytest
from asserts import values

from xdl import rl


@pytest.mark.parametrize("cost", [0.5, 2.0])
def test_it_is_the_process(cost):
    ours, theirs = rl.EngagementChain(cost).mdp(0.75), rl.engagement_chain(cost)
    np.testing.assert_allclose(ours.dense().transition, theirs.transition, atol=1e-15)
    np.testing.assert_array_equal(ours.reward, theirs.reward)
    np.testing.assert_allclose(rl.value_iteration(ours).value, rl.value_iteration(theirs).value, atol=1e-10)


def test_steps_pay_and_move(xp64):
    """A promotion goes up with probability 3/4, otherwise 1/2; beyond the ends it stays."""
    env = rl.EngagementChain(0.3, levels=4, like=xp64.asarray(0.0, dtype=xp64.float64))
    level, action, draw = (a.ravel() for a in np.meshgrid(range(4), range(2), range(100), indexing="ij"))
    given = (xp64.asarray(level), xp64.asarray(action), xp64.asarray((draw[:, None] + 0.5) / 100))
    after, paid, ended = map(values, env.step(*given))
    np.testing.assert_allclose(paid, level + 1 - 0.3 * action)
    assert not ended.any()
    up, down = np.minimum(level + 1, 3), np.maximum(level - 1, 0)
    assert ((after == up) | (after == down)).all()
    share = (after == up).reshape(4, 2, 100).mean(-1)
    np.testing.assert_allclose(share, [[0.5, 0.75]] * 4, atol=1e-12)


def test_episodes_begin_where_they_are_told():
    noise = np.linspace(0, 1, 100, endpoint=False)[:, None]
    assert set(rl.EngagementChain(start=3).reset(noise).tolist()) == {3}
    assert set(rl.EngagementChain().reset(noise).tolist()) == set(range(10))
    with pytest.raises(ValueError, match=r"`start` must be in \[0, 10\), got 10"):
        rl.EngagementChain(start=10)
