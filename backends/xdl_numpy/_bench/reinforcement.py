"""Value iteration and Q-learning, written by hand in NumPy."""

import numpy as np


def value_iteration(arrays, device, compiled):
    transition, reward, start = (arrays[name] for name in ("transition", "reward", "value"))

    def run():
        value = start
        for _ in range(20):
            value = (reward + np.float32(0.9) * (transition @ value)).max(axis=0)
        return value

    return run


def q_learning(arrays, device, compiled):
    """With the tables that a model of the environment has, and NumPy's own random numbers."""
    env, agents, steps = arrays["env"], arrays["agents"], 128
    target, cumulative, paid, ended = env.target, env.cumulative, env.paid, env.ended
    outcomes, actions, states = target.shape[1], env.actions, env.states
    rng, each = np.random.default_rng(0), np.arange(agents)

    def run():
        q = np.zeros((agents, states, actions), np.float32)
        state, age = rng.integers(0, states, agents), np.zeros(agents, np.int64)
        for _ in range(steps):
            u = rng.random((4, agents), dtype=np.float32)
            best = q[each, state].argmax(axis=1)
            action = np.where(u[0] < 0.1, (u[1] * actions).astype(np.int64), best)
            row = state * actions + action
            outcome = np.minimum((cumulative[row] <= u[2, :, None]).sum(axis=1), outcomes - 1)
            reached, over = target[row, outcome], ended[row, outcome]
            ahead = np.where(over, 0, q[each, reached].max(axis=1))
            old = q[each, state, action]
            q[each, state, action] = old + np.float32(0.1) * (
                paid[row, outcome] + np.float32(0.99) * ahead - old
            )
            age += 1
            over = over | (age >= env.max_steps)
            state = np.where(over, (u[3] * states).astype(np.int64), reached)
            age[over] = 0
        return q

    return run
