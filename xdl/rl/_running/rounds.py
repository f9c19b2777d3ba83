"""Rounds: some steps of each copy of an environment, then a call of `learn`."""

import functools
from typing import Any

import array_api_compat

from xdl import autodiff
from xdl.core import Array, Module, array_namespace, random, to_numpy, tree
from xdl.core._backends import wants_jit
from xdl.core._namespace import device_of, is_array
from xdl.rl._algorithm import Algorithm, Experience, spaces_of
from xdl.rl._environment import Environment, Running, Transition, advance, start
from xdl.rl._host import HostEnvironment

__all__ = ["ArrayRounds", "Carry", "HostRounds", "Record", "own"]


class Carry(Module):
    """All that a round changes.

    Parameters
    ----------
    running : Running
        Copies of the environment; without a state where they run as Python.
    learner : pytree
        Of the algorithm.
    t : () integer array
        Steps of all copies together.
    """

    running: Any
    learner: Any
    t: Array


class Record(Module):
    """What is written down of rounds.

    Parameters
    ----------
    ended : (rounds, steps, n) boolean array
        Whether an episode ended with this step.
    total, length : (rounds, steps, n) array
        Rewards and steps of the episode up to here.
    wrong : (rounds, steps, n) integer array
        What is not finite: 0 for nothing, 1 for the reward, k + 2 for entry k of what was seen.
    measures : dict of str to (rounds,) array
        What `learn` returned.
    """

    ended: Array
    total: Array
    length: Array
    wrong: Array
    measures: dict[str, Array]


def what_is_wrong(taken: Transition) -> Array:
    """Number (steps, n) of what is not finite: see `Record`."""
    xp, seen, reward = array_namespace(taken.reward), taken.next_observation, taken.reward
    never = xp.zeros((*reward.shape, 1), dtype=xp.bool, device=device_of(reward))
    parts = [never, xp.logical_not(xp.isfinite(reward))[..., None]]
    if xp.isdtype(seen.dtype, "real floating"):
        parts.append(xp.reshape(xp.logical_not(xp.isfinite(seen)), (*reward.shape, -1)))
    return xp.argmax(xp.astype(xp.concat(parts, axis=-1), xp.int8), axis=-1)


class ArrayRounds:
    """Rounds in an environment that is an array program: one program, where the library compiles.

    Parameters
    ----------
    algorithm : Algorithm
    env : Environment
    """

    restarts = False  # whether a checkpoint begins new episodes

    def __init__(self, algorithm: Algorithm, env: Environment):
        self.algorithm, self.env, self.spaces = algorithm, env, spaces_of(env)
        self.copies = algorithm.copies
        self.noise = algorithm.noise(self.spaces) + env.step_noise + env.reset_noise

    def begin(self, key: Array) -> Running:
        """First episodes."""
        return start(self.env, random.uniform(key, (self.copies, self.env.reset_noise)))

    def play(
        self, carry: Carry, noise: Array, keys: Array, restart: Array | None = None
    ) -> tuple[Carry, Record]:
        """Run rounds.

        Parameters
        ----------
        carry : Carry
            Given up.
        noise : (rounds, steps, n, width) array
            Uniform on [0, 1).
        keys : (rounds, 2) array
            For `learn`.
        restart : None
            See `HostRounds`.
        """
        if wants_jit(noise):
            return _program(self.algorithm)(self.env, carry, noise, keys)  # pyright: ignore[reportArgumentType]
        return _rounds(self.algorithm, self.env, carry, noise, keys, loop=_loop)


def _rounds(
    algorithm: Algorithm, env: Environment, carry: Carry, noise: Array, keys: Array, *, loop: Any
) -> tuple[Carry, Record]:
    copies, own = algorithm.copies, algorithm.noise(spaces_of(env))

    def one_round(carry: Carry, drawn: tuple[Array, Array]) -> tuple[Carry, Record]:
        def one_step(now: tuple[Running, Array], u: Array) -> tuple[tuple[Running, Array], Any]:
            running, t = now
            action, extra = algorithm.act(carry.learner, running.observation, t, u[:, :own])
            following, taken = advance(env, running, action, u[:, own:])
            return (following, t + copies), (taken, extra, running.steps + 1)

        noise, key = drawn
        (running, t), (taken, extra, length) = loop(one_step, (carry.running, carry.t), noise)
        experience = Experience(taken, extra, running.observation)
        learner, measures = algorithm.learn(carry.learner, experience, t, key)
        record = Record(taken.ended, taken.total, length, what_is_wrong(taken), measures)
        return Carry(running, learner, t), record

    return loop(one_round, carry, (noise, keys))


def _loop(f: Any, carry: Any, xs: Any) -> tuple[Any, Any]:
    """Scan where nothing is traced, for which less has to be asked in every step."""
    rows, columns = [], xs if isinstance(xs, tuple) else (xs,)
    for k in range(columns[0].shape[0]):
        drawn = [x[k, ...] for x in columns]
        carry, row = f(carry, tuple(drawn) if xs is columns else drawn[0])
        rows.append(row)
    return carry, _stack(rows)


def _stack(items: list[Any]) -> Any:
    return tree.map(_join, *items)


def _join(*parts: Array) -> Array:
    xp, shape = array_namespace(parts[0]), parts[0].shape
    # to join small arrays costs less than to stack them, which gives each of them an axis first
    return xp.reshape(xp.concat(parts), (len(parts), *shape)) if shape else xp.stack(parts)


@functools.lru_cache(64)
def _program(algorithm: Algorithm) -> Any:
    def run(env: Environment, carry: Carry, noise: Array, keys: Array) -> tuple[Carry, Record]:
        return _rounds(algorithm, env, carry, noise, keys, loop=autodiff.scan)

    return autodiff.jit(run, donate_argnums=(1,))


class HostRounds:
    """Rounds in an environment that runs as Python.

    Its state cannot be stored: all copies begin new episodes where a checkpoint is written, whether or not the run is
    ever resumed, and to the algorithm the episodes before it are cut off. They are in no log.

    Parameters
    ----------
    algorithm : Algorithm
    env : HostEnvironment
    """

    restarts = True

    def __init__(self, algorithm: Algorithm, env: HostEnvironment):
        self.algorithm, self.env, self.spaces = algorithm, env, env.spaces
        self.copies = algorithm.copies
        if env.copies != self.copies:
            message = (
                f"`env` runs {env.copies} copies, and {algorithm!r} expects {self.copies}: "
                f"make an environment with copies={self.copies}"
            )
            raise ValueError(message)
        self.noise = algorithm.noise(self.spaces)

    def begin(self, key: Array) -> Running:
        """First episodes."""
        host = array_namespace(to_numpy(0.0))
        return Running(None, self.env.start(key), host.zeros(self.copies, dtype=host.int32), None)

    def play(
        self, carry: Carry, noise: Array, keys: Array, restart: Array | None = None
    ) -> tuple[Carry, Record]:
        """Run rounds: see `ArrayRounds`.

        With a key ``restart``, new episodes begin after the last step.
        """
        act, learn, look = _functions(self.algorithm, wants_jit(noise))  # pyright: ignore
        rounds, steps = noise.shape[:2]
        records, running, t = [], carry.running, carry.t
        for k in range(rounds):
            rows, counts = [], []
            for i in range(steps):
                action, extra, t = act(carry.learner, running.observation, t, noise, k, i)
                taken, observation = self.env.step(action)
                rows.append((taken, extra))
                # counted where the environment runs: operations on single numbers take long elsewhere
                ended = to_numpy(taken.terminated) | to_numpy(taken.truncated)
                length = running.steps + 1
                counts.append((ended, to_numpy(taken.total), length))
                running = Running(None, observation, length * ~ended, None)
            if restart is not None and k == rounds - 1:
                taken, extra = rows[-1]
                rows[-1] = (taken.replace(truncated=taken.truncated | ~taken.terminated), extra)
                running = self.begin(restart)
            taken, extra = _stack(rows)
            experience = Experience(taken, extra, running.observation)
            learner, measures = learn(carry.learner, experience, t, keys[k, ...])
            carry = Carry(running, learner, t)
            records.append((_stack(counts), look(taken), measures))
        (ended, total, length), wrong, measures = _stack(records)
        return carry, Record(ended, total, length, wrong, measures)


@functools.lru_cache(64)
def _functions(algorithm: Algorithm, compiles: bool) -> tuple[Any, Any, Any]:
    def act(learner: Any, observation: Array, t: Array, noise: Array, k: Any, i: Any) -> Any:
        return *algorithm.act(learner, observation, t, noise[k, i, ...]), t + algorithm.copies

    if not compiles:
        return act, algorithm.learn, what_is_wrong
    return autodiff.jit(act), autodiff.jit(algorithm.learn, donate_argnums=(0,)), autodiff.jit(what_is_wrong)


def own(x: Any) -> Any:
    """Copy in the memory order that a loaded array has: rounding may depend on the order.

    And no array is left in two places, such as parameters that are those of a target network, too: what is given up
    is written to.
    """
    if not is_array(x):
        return x
    xp = array_namespace(x)
    copy = xp.reshape(xp.asarray(xp.reshape(x, (-1,)), copy=True), x.shape)
    # bound to its device, like the results of a program: JAX would compile a second time for the second call
    return array_api_compat.to_device(copy, device_of(x))
