"""Q-learning in a table on Taxi: 1,024 agents as one array program, beside one agent in a loop of Python."""

import random
import time

from .pairs import ONCE, need, pin

AGENTS, STEPS = 1024, 192 if ONCE else 2048


def loop(env, steps=40_000):
    """Steps per second of the loop everybody writes, on Python's lists."""
    table = [[0.0] * 6 for _ in range(500)]
    state, _ = env.reset(seed=0)
    start = time.process_time()
    for _ in range(steps):
        row = table[state]
        action = random.randrange(6) if random.random() < 0.1 else row.index(max(row))
        seen, reward, terminated, truncated, _ = env.step(action)
        row[action] += 0.1 * (reward + (0.0 if terminated else 0.99 * max(table[seen])) - row[action])
        state = env.reset()[0] if terminated or truncated else seen
    return steps / (time.process_time() - start)


def agents(backend):
    """Steps per second of all agents together."""
    import gymnasium

    import xdl
    from xdl import rl

    with xdl.use_backend(backend):
        env = rl.tabular_environment(gymnasium.make("Taxi-v4"))
        run = lambda n: rl.train_tabular(
            rl.QLearning(), env, xdl.random.key(0), steps=n, agents=AGENTS, records=1
        )
        run(192)
        start = time.process_time()
        run(STEPS)
        return AGENTS * STEPS / (time.process_time() - start)


class QLearning:
    """How many times as many steps a second as the loop."""

    timeout = 600
    params = (["numpy", "torch", "jax"],)
    param_names = ["backend"]

    def setup(self, backend):
        need("gymnasium", backend)

    def track_speedup(self, backend):
        import gymnasium

        pin()
        if backend == "torch":
            import torch

            torch.set_num_threads(1)
        env = gymnasium.make("Taxi-v4")
        ratios = sorted(agents(backend) / loop(env) for _ in range(1 if ONCE else 3))
        return ratios[len(ratios) // 2]
