"""Value iteration and Q-learning, written by hand in PyTorch."""

import torch

from .inputs import put


def value_iteration(arrays, device, compiled):
    arrays = put(arrays, device)
    transition, reward, start = (arrays[name] for name in ("transition", "reward", "value"))

    def run():
        value = start
        for _ in range(20):
            value = (reward + 0.9 * (transition @ value)).amax(0)
        return value

    return run


def q_learning(arrays, device, compiled):
    """With the tables that a model of the environment has, and torch's own random numbers."""
    env, agents, steps = arrays["env"], arrays["agents"], 128
    tables = (env.target, env.cumulative, env.paid, env.ended)
    target, cumulative, paid, ended = (torch.tensor(table, device=device) for table in tables)
    outcomes, actions, states = target.shape[1], env.actions, env.states
    each = torch.arange(agents, device=device)

    def run():
        q = torch.zeros((agents, states, actions), device=device)
        state, age = torch.randint(0, states, (agents,), device=device), torch.zeros_like(each)
        for _ in range(steps):
            u = torch.rand((4, agents), device=device)
            best = q[each, state].argmax(1)
            action = torch.where(u[0] < 0.1, (u[1] * actions).long(), best)
            row = state * actions + action
            outcome = (cumulative[row] <= u[2, :, None]).sum(1).clamp(max=outcomes - 1)
            reached, over = target[row, outcome], ended[row, outcome]
            ahead = torch.where(over, 0, q[each, reached].amax(1))
            old = q[each, state, action]
            q[each, state, action] = old + 0.1 * (paid[row, outcome] + 0.99 * ahead - old)
            age += 1
            over = over | (age >= env.max_steps)
            state = torch.where(over, (u[3] * states).long(), reached)
            age[over] = 0
        return q

    return run
