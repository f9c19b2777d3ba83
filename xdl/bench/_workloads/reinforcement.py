"""Reinforcement learning: sweeps of value iteration, and Q-learning of many agents."""

from collections.abc import Callable
from typing import Any

from xdl import rl
from xdl.core import Array, array_namespace, random, use_backend

from .workload import Workload, normal, uniform

__all__ = ["WORKLOADS"]

ACTIONS = 10
SWEEPS = 20
STATES, STEPS = 64, 128  # of Q-learning


def _process(states: int) -> dict[str, Any]:
    weights = uniform(1, (ACTIONS, states, states))
    xp = array_namespace(weights)
    return {
        "transition": weights / xp.sum(weights, axis=-1, keepdims=True),
        "reward": normal(2, (ACTIONS, states)),
        "value": normal(3, (states,)),
    }


def _value_iteration(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    mdp = rl.MDP(arrays["transition"], arrays["reward"], 0.9)

    def sweeps(mdp: Any, value: Array) -> Array:
        for _ in range(SWEEPS):
            value = array_namespace(value).max(mdp.action_value(value), axis=0)
        return value

    run = compile(sweeps)
    return lambda: run(mdp, arrays["value"])


def _agents(agents: int) -> dict[str, Any]:
    with use_backend("numpy"):
        mdp = rl.random_mdp(random.key(0), STATES, 4, branching=3)
        env = rl.tabular_environment(mdp, max_steps=100, like=normal(0, (1,)))
        return {"env": env, "key": random.key(1), "agents": agents}


def _q_learning(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    env, key, agents = arrays["env"], arrays["key"], arrays["agents"]
    return lambda: rl.train_tabular(rl.QLearning(), env, key, steps=STEPS, agents=agents, records=1).q


WORKLOADS = (
    Workload(
        "value_iteration",
        f"Value iteration, {SWEEPS} sweeps, {ACTIONS} actions",
        "states",
        (30, 100, 300, 1000),
        _process,
        _value_iteration,
        lambda states: 4.0 * SWEEPS * ACTIONS * states**2,
        "B",
        compiles="needed",
        large=(3000,),
    ),
    Workload(
        "q_learning",
        f"Q-learning, {STEPS} steps of each agent, {STATES} states",
        "agents",
        (16, 128, 1024),
        _agents,
        _q_learning,
        lambda agents: float(STEPS * agents),
        "steps",
        compiles="needed",
        large=(16_384,),
        exact=False,  # whose rewards tie is decided by the last bit
    ),
)
