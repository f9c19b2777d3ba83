"""The loop of tabular learning: any number of agents, each with a table of its own, as one array program."""

import functools
from typing import Any, ClassVar

from tqdm import tqdm

from xdl import autodiff
from xdl.core import Array, Module, array_namespace, random, to_numpy
from xdl.core._backends import backend_of
from xdl.core._namespace import device_of
from xdl.optim._part import Part
from xdl.rl._environment import Running, advance, start
from xdl.rl._environments.tabular import TabularEnvironment

__all__ = ["Step", "TabularMethod", "TabularResult", "train_tabular"]

CHUNK = 64  # steps whose random numbers are drawn in one call


class Step(Module):
    """What a method learns from, for each agent.

    Parameters
    ----------
    t : () array
        Number of the step, from 1.
    row, next_row : (n,) integer array
        Place of the state, and of the state that followed, among the rows of all agents' tables.
    action, next_action : (n,) integer array
        Action taken, and the one that the policy would take next.
    reward : (n,) array
        Reward.
    terminated, ended : (n,) boolean array
        Whether what followed is terminal; whether the episode is over, for that reason or another.
    noise : (n, noise) array
        Random numbers on [0, 1) for the method's own use.
    """

    t: Array
    row: Array
    next_row: Array
    action: Array
    next_action: Array
    reward: Array
    terminated: Array
    ended: Array
    noise: Array


class TabularMethod(Part):
    """Base of tabular methods. A subclass defines `init`, `values` and `learn`, and has fields as `QLearning`."""

    uses_next_action: ClassVar[bool] = False
    noise: ClassVar[int] = 0  # random numbers of a step

    def init(self, agents: int, states: int, actions: int, like: Array) -> Any:
        """Memory of all agents before the first step."""
        raise NotImplementedError

    def values(self, memory: Any, row: Array, actions: int) -> Array:
        """Values (n, actions) by which actions are chosen."""
        raise NotImplementedError

    def counts(self, memory: Any, row: Array, actions: int) -> Array | None:
        """How often actions were taken (n, actions), where the exploration asks for it."""
        return None

    def learn(self, memory: Any, step: Step, actions: int) -> Any:
        """Memory after a step; the old one is given up."""
        raise NotImplementedError


class TabularResult(Module):
    """What agents have learned.

    Parameters
    ----------
    q : (agents, states, actions) array
        Values of actions.
    policy : (agents, states) integer array
        Best actions.
    steps : (records,) array of integers
        Steps of each agent at the end of each window.
    returns : (records, agents) array
        Mean return of the episodes that ended in the window; NaN where none did.
    memory : pytree
        Memory of the method.
    """

    q: Array
    policy: Array
    steps: Any
    returns: Any
    memory: Any


class _Carry(Module):
    running: Running
    action: Array
    memory: Any
    t: Array
    total: Array
    episodes: Array


def train_tabular(
    method: TabularMethod,
    env: TabularEnvironment,
    key: Array,
    *,
    steps: int,
    agents: int = 1,
    records: int = 50,
    progress: bool = False,
) -> TabularResult:
    """Let agents learn, each for itself, with a table of values each.

    Parameters
    ----------
    method : TabularMethod
        For example ``QLearning()``.
    env : TabularEnvironment
        The environment: see `tabular_environment`.
    key : array
        Random key. Agents have different random numbers, and the same whatever their number of steps is.
    steps : int
        Steps of each agent.
    agents : int
        Number of agents.
    records : int
        In how many windows the returns of episodes are averaged.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    TabularResult
    """
    for name, n in (("steps", steps), ("agents", agents), ("records", records)):
        if n < 1:
            message = f"`{name}` must be at least 1, got {n}"
            raise ValueError(message)
    like = env.keep
    xp, device = array_namespace(like), device_of(like)
    run = _chunk if not backend_of(like).prefers_jit else _compiled_chunk
    keys = random.split(key, 2)
    first = start(env, random.uniform(keys[0, ...], (agents, env.reset_noise)))
    memory = method.init(agents, env.states, env.actions, like)
    zeros = xp.zeros((agents,), dtype=like.dtype, device=device)
    carry = _Carry(
        first,
        xp.zeros((agents,), dtype=xp.int32, device=device),
        memory,
        xp.asarray(0, dtype=like.dtype, device=device),
        zeros,
        zeros,
    )
    width = env.step_noise + env.reset_noise + 1 + method.noise
    # windows of whole chunks, so that the random numbers do not depend on them
    chunks = -(-steps // CHUNK)
    edges = {min(steps, CHUNK * -(-chunks * (k + 1) // records)) for k in range(records)}
    marks, returns, done = sorted(edges), [], 0
    with tqdm(total=steps, unit=" steps", disable=not progress) as bar:
        for edge in marks:
            while done < edge:
                n = min(CHUNK, edge - done)
                drawn = random.fold_in(keys[1, ...], done)
                noise = random.uniform(drawn, (CHUNK, agents, width))[:n, ...]
                carry = run(method, env, carry, noise, begins=done == 0)
                done += n
                bar.update(n)
            mean = carry.total / xp.where(carry.episodes > 0, carry.episodes, zeros + 1)
            returns.append(to_numpy(xp.where(carry.episodes > 0, mean, zeros + xp.nan)))
            carry = carry.replace(total=zeros, episodes=zeros)
    rows = xp.reshape(xp.arange(agents * env.states, device=device), (-1,))
    q = xp.reshape(method.values(carry.memory, rows, env.actions), (agents, env.states, env.actions))
    host = array_namespace(returns[0])
    return TabularResult(q, xp.argmax(q, axis=-1), host.asarray(marks), host.stack(returns), carry.memory)


def _chunk(
    method: TabularMethod, env: TabularEnvironment, carry: _Carry, noise: Array, *, begins: bool
) -> _Carry:
    xp = array_namespace(noise)
    agents = noise.shape[1]
    kind = carry.running.observation.dtype
    base = xp.arange(agents, dtype=kind, device=device_of(noise)) * env.states
    k = env.step_noise + env.reset_noise

    def choose(memory: Any, row: Array, t: Array, u: Array) -> Array:
        q = method.values(memory, row, env.actions)
        counts = method.counts(memory, row, env.actions)
        return xp.astype(method.exploration.choose(q, counts, t, u), carry.action.dtype)  # pyright: ignore

    def step(carry: _Carry, u: Array) -> tuple[_Carry, None]:
        t, seen = carry.t + 1, carry.running.observation
        running, taken = advance(env, carry.running, carry.action, u[:, :k])
        ended, next_row = taken.ended, base + taken.next_observation
        action = would = choose(carry.memory, base + running.observation, t + 1, u[:, k])
        if method.uses_next_action:
            # where an episode has ended, the action above is the first of the next one
            last = choose(carry.memory, next_row, t + 1, u[:, k])
            would = xp.where(ended, last, action)
        known = Step(
            t,
            base + seen,
            next_row,
            taken.action,
            would,
            taken.reward,
            taken.terminated,
            ended,
            u[:, k + 1 :],
        )
        memory = method.learn(carry.memory, known, env.actions)
        total = carry.total + xp.where(
            ended, xp.astype(taken.total, carry.total.dtype), xp.zeros_like(carry.total)
        )
        episodes = carry.episodes + xp.astype(ended, carry.episodes.dtype)
        return _Carry(running, action, memory, t, total, episodes), None

    if begins:
        first = choose(carry.memory, base + carry.running.observation, carry.t + 1, noise[0, :, k])
        carry = carry.replace(action=first)
    return autodiff.scan(step, carry, noise)[0]


@functools.lru_cache(64)
def _compiled(method: TabularMethod, begins: bool) -> Any:
    return autodiff.jit(lambda env, carry, noise: _chunk(method, env, carry, noise, begins=begins))


def _compiled_chunk(
    method: TabularMethod, env: TabularEnvironment, carry: _Carry, noise: Array, *, begins: bool
) -> _Carry:
    return _compiled(method, begins)(env, carry, noise)  # pyright: ignore[reportArgumentType]
