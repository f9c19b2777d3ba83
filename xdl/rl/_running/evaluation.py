"""Evaluation: episodes of a policy that neither explores nor learns."""

import functools
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from xdl import autodiff
from xdl.core import Array, Module, array_namespace, random, static, to_numpy, tree
from xdl.core._backends import wants_jit
from xdl.core._namespace import device_of
from xdl.optim._part import Part
from xdl.rl._environment import Environment, Running, advance, start
from xdl.rl._host import HostEnvironment
from xdl.rl._plan import compiled

from .journal import Episodes
from .opening import copies_for, opener
from .rounds import own

__all__ = ["Evaluation", "episodes_of", "run_policy"]

CHUNK = 50  # steps whose random numbers are drawn in one call


class Evaluation(Part):
    """Evaluate the policy during a run.

    The episodes of all evaluations begin alike and have the same random numbers, so that policies are compared in
    pairs; they have no part in the random numbers of the run.

    Parameters
    ----------
    every : int
        Steps of all copies together between two evaluations, rounded up to whole windows; the last is at the end.
    episodes : int
        Episodes of each.
    seed : int
        Where their randomness comes from.
    env : Environment or HostEnvironment, optional
        Where they take place; default: the environment of the run, which must be an array program then, or be
        given by its name.
    """

    every: int = static(default=10_000)
    episodes: int = static(default=10)
    seed: int = static(default=0)
    env: Any = static(default=None)

    def __init__(self, every: int = 10_000, episodes: int = 10, seed: int = 0, env: Any = None):
        for name, n in (("every", every), ("episodes", episodes)):
            if n < 1:
                message = f"`{name}` must be at least 1, got {n}"
                raise ValueError(message)
        self.every, self.episodes, self.seed, self.env = every, episodes, seed, env


class _Fixed(Part):
    """Policy in the place of an algorithm."""

    function: Callable[[Array], Array] = static()

    def policy(self, learner: Any, observation: Array) -> Array:
        return self.function(observation)


def run_policy(
    policy: Callable[[Array], Array],
    env: Environment | HostEnvironment | Any,
    key: Array,
    *,
    episodes: int = 100,
) -> Episodes:
    """Run episodes of a policy.

    Parameters
    ----------
    policy : callable
        Takes observations (n, ...) and returns actions (n, ...), such as `TrainResult.policy`.
    env : Environment or HostEnvironment
        Or an environment of gymnasium, its name, or a function that makes one.
    key : array
        Random key; everything is in its library.
    episodes : int
        Number of episodes.

    Returns
    -------
    Episodes
        With ``step`` the number of the episode. Every copy runs equally many episodes from its beginning, since those
        that end first are not like the others; of the copies' last ones, some may be left out.
    """
    return episodes_of(_Fixed(policy), None, env, key, episodes)


def episodes_of(algorithm: Any, learner: Any, env: Any, key: Array, episodes: int) -> Episodes:
    """Episodes of an algorithm's policy."""
    with ExitStack() as stack:
        arena = opener(stack)(env, copies_for(episodes))
        run: Any = _host_episodes if isinstance(arena, HostEnvironment) else _array_episodes
        returns, length = run(algorithm, learner, arena, key, episodes)
    host = array_namespace(returns)
    return Episodes(host.arange(1, episodes + 1), returns.astype("float64"), length.astype("int64"))


class _Now(Module):
    running: Running
    done: Array
    total: Array
    length: Array


def _array_episodes(algorithm: Any, learner: Any, env: Environment, key: Array, n: int) -> tuple[Any, Any]:
    """Run as many copies as episodes, each to the end of its first."""
    keys = random.split(key, 2)
    xp, device = array_namespace(key), device_of(key)
    running = start(env, random.uniform(keys[0, ...], (n, env.reset_noise)))
    done = xp.zeros((n,), dtype=xp.bool, device=device)
    now = tree.map(own, _Now(running, done, xp.zeros_like(running.total), xp.zeros_like(running.steps)))
    for k in range(-(-env.max_steps // CHUNK)):
        noise = random.uniform(random.fold_in(keys[1, ...], k), (CHUNK, n, env.step_noise + env.reset_noise))
        now = _steps(learner, env, now, noise, algorithm=algorithm)
        if to_numpy(now.done).all():
            break
    return to_numpy(now.total), to_numpy(now.length)


@compiled
def _steps(learner: Any, env: Environment, now: _Now, noise: Array, *, algorithm: Any) -> _Now:
    def step(now: _Now, u: Array) -> tuple[_Now, None]:
        xp = array_namespace(u)
        action = algorithm.policy(learner, now.running.observation)
        running, taken = advance(env, now.running, action, u)
        last = taken.ended & xp.logical_not(now.done)
        total = xp.where(last, taken.total, now.total)
        length = xp.where(last, now.running.steps + 1, now.length)
        return _Now(running, now.done | last, total, length), None

    return autodiff.scan(step, now, noise)[0]


@functools.lru_cache(64)
def _policy(algorithm: Any, compiles: bool) -> Any:
    return autodiff.jit(algorithm.policy) if compiles else algorithm.policy


def _host_episodes(algorithm: Any, learner: Any, env: HostEnvironment, key: Array, n: int) -> tuple[Any, Any]:
    """Run equally many episodes in each copy."""
    host, copies = array_namespace(to_numpy(0.0)), env.copies
    quota = -(-n // copies)
    policy = _policy(algorithm, wants_jit(key))
    total, length = host.zeros((quota, copies)), host.zeros((quota, copies), dtype="int64")
    done, steps = host.zeros(copies, dtype="int64"), host.zeros(copies, dtype="int64")
    seen = env.start(key)
    while (done < quota).any():
        taken, seen = env.step(policy(learner, seen))
        steps += 1
        for copy in host.nonzero(to_numpy(taken.ended) & (done < quota))[0]:
            total[done[copy], copy] = to_numpy(taken.total)[copy]
            length[done[copy], copy] = steps[copy]
            done[copy] += 1
        steps[to_numpy(taken.ended)] = 0
    return total.reshape(-1)[:n], length.reshape(-1)[:n]
