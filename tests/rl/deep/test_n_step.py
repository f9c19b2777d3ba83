"""Returns of several steps by their definition, one episode at a time."""

import numpy as np
import pytest

import xdl
from xdl.rl import Transition
from xdl.rl._deep.n_step import n_step


def by_definition(window, b, discount):
    """Reward, last observation and discount of one column."""
    total, factor = 0.0, 1.0
    for k in range(window.reward.shape[0]):
        total += factor * window.reward[k, b]
        factor *= discount
        if window.terminated[k, b]:
            return total, window.next_observation[k, b], 0.0
        if window.truncated[k, b]:
            break
    return total, window.next_observation[k, b], factor


@pytest.mark.xp_skip("jax-x32", reason="as with float64, and slow")
@pytest.mark.parametrize("n", [1, 4])
def test_outcomes_are_those_of_the_definition(xp, n):
    rng = np.random.default_rng(n)
    b = 200
    ends = rng.integers(0, 5, (n, b))
    host = Transition(
        rng.standard_normal((n, b, 3)).astype(np.float32),
        rng.integers(0, 2, (n, b)),
        rng.standard_normal((n, b)).astype(np.float32),
        rng.standard_normal((n, b, 3)).astype(np.float32),
        ends == 0,
        ends == 1,
        np.zeros((n, b), np.float32),
    )
    found = n_step(xdl.tree.map(xp.asarray, host), 0.9)
    reward, seen, discount = map(
        np.asarray, zip(*(by_definition(host, i, 0.9) for i in range(b)), strict=True)
    )
    np.testing.assert_allclose(xdl.to_numpy(found.reward), reward, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(xdl.to_numpy(found.discount), discount, rtol=1e-6)
    np.testing.assert_array_equal(xdl.to_numpy(found.next_observation), seen)
    np.testing.assert_array_equal(xdl.to_numpy(found.observation), host.observation[0])
