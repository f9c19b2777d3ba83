"""Steps of gymnasium's environments, for ours to be compared with."""

import numpy as np
import pytest


def steps_of(name, act, n=1000):
    """States, actions, and what came of them: next states, rewards, ends, observations; ``act(env, rng)`` acts."""
    gymnasium = pytest.importorskip("gymnasium")
    env, rng = gymnasium.make(name).unwrapped, np.random.default_rng(0)
    rows, ended, seed = [], True, 0
    while len(rows) < n:
        if ended:
            env.reset(seed=seed)
            seed += 1
        state, action = np.asarray(env.state, dtype=np.float64), act(env, rng)
        seen, reward, ended, _, _ = env.step(action)
        rows.append((state, action, np.asarray(env.state, dtype=np.float64), reward, ended, seen))
    return [np.asarray(column) for column in zip(*rows, strict=True)]
