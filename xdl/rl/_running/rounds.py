"""Rounds: some steps of each copy of an environment, then a call of `learn`."""

import functools
from typing import Any

from xdl import autodiff
from xdl.core import Array, Module, array_namespace, random, tree
from xdl.core._backends import backend_of
from xdl.core._namespace import device_of
from xdl.rl._algorithm import Algorithm, Experience, spaces_of
from xdl.rl._environment import Environment, Running, Transition, advance, start
from xdl.rl._host import HostEnvironment

__all__ = ["ArrayRounds", "Carry", "HostRounds", "Record"]


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
        What is not finite: 0 for the reward, k + 1 for entry k of what was seen; -1 for nothing.
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
    parts = [xp.expand_dims(xp.isfinite(reward), axis=-1)]
    if xp.isdtype(seen.dtype, "real floating"):
        parts.append(xp.reshape(xp.isfinite(seen), (*reward.shape, -1)))
    sound = xp.concat(parts, axis=-1)
    place = xp.argmin(xp.astype(sound, xp.int8), axis=-1)
    return xp.where(xp.all(sound, axis=-1), xp.full_like(place, -1), place)


def _record(taken: Transition, length: Array, measures: dict[str, Array]) -> Record:
    return Record(taken.ended, taken.total, length, what_is_wrong(taken), measures)


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
        run = _compiled_rounds if backend_of(noise).prefers_jit else _rounds
        return run(self.algorithm, self.env, carry, noise, keys)


def _rounds(
    algorithm: Algorithm, env: Environment, carry: Carry, noise: Array, keys: Array
) -> tuple[Carry, Record]:
    copies, own = algorithm.copies, algorithm.noise(spaces_of(env))

    def one_round(carry: Carry, drawn: tuple[Array, Array]) -> tuple[Carry, Record]:
        def one_step(now: tuple[Running, Array], u: Array) -> tuple[tuple[Running, Array], Any]:
            running, t = now
            action, extra = algorithm.act(carry.learner, running.observation, t, u[:, :own])
            following, taken = advance(env, running, action, u[:, own:])
            return (following, t + copies), (taken, extra, running.steps + 1)

        noise, key = drawn
        (running, t), (taken, extra, length) = autodiff.scan(one_step, (carry.running, carry.t), noise)
        experience = Experience(taken, extra, running.observation)
        learner, measures = algorithm.learn(carry.learner, experience, t, key)
        return Carry(running, learner, t), _record(taken, length, measures)

    return autodiff.scan(one_round, carry, (noise, keys))


@functools.lru_cache(64)
def _program(algorithm: Algorithm) -> Any:
    def run(env: Environment, carry: Carry, noise: Array, keys: Array) -> tuple[Carry, Record]:
        return _rounds(algorithm, env, carry, noise, keys)

    return autodiff.jit(run, donate_argnums=(1,))


def _compiled_rounds(algorithm: Algorithm, *args: Any) -> tuple[Carry, Record]:
    return _program(algorithm)(*args)


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
        xp = array_namespace(key)
        zeros = xp.zeros((self.copies,), dtype=xp.int32, device=device_of(key))
        observation = self.env.start(key, xp.asarray(0.0, dtype=xp.float32, device=device_of(key)))
        return Running(None, observation, zeros, xp.astype(zeros, xp.float32))

    def play(
        self, carry: Carry, noise: Array, keys: Array, restart: Array | None = None
    ) -> tuple[Carry, Record]:
        """Run rounds: see `ArrayRounds`.

        With a key ``restart``, new episodes begin after the last step.
        """
        act, learn = _functions(self.algorithm, backend_of(noise).prefers_jit)
        rounds, steps = noise.shape[:2]
        records, running, t = [], carry.running, carry.t
        for k in range(rounds):
            rows = []
            for i in range(steps):
                action, extra = act(carry.learner, running.observation, t, noise[k, i, ...])
                taken, observation = self.env.step(action)
                length, t = running.steps + 1, t + self.copies
                rows.append((taken, extra, length, taken.ended))
                running = _count(running, taken, observation)
            if restart is not None and k == rounds - 1:
                taken, *others = rows[-1]
                cut = taken.truncated | ~taken.terminated
                rows[-1] = (taken.replace(truncated=cut), *others)
                running = self.begin(restart)
            taken, extra, length, ended = _stack(rows)
            experience = Experience(taken, extra, running.observation)
            learner, measures = learn(carry.learner, experience, t, keys[k, ...])
            carry = Carry(running, learner, t)
            records.append(_record(taken, length, measures).replace(ended=ended))
        return carry, _stack(records)


def _count(running: Running, taken: Transition, observation: Array) -> Running:
    xp, ended, steps = array_namespace(taken.reward), taken.ended, running.steps + 1
    return Running(None, observation, xp.where(ended, xp.zeros_like(steps), steps), running.total)


def _stack(items: list[Any]) -> Any:
    return tree.map(lambda *parts: array_namespace(*parts).stack(list(parts)), *items)


@functools.lru_cache(64)
def _functions(algorithm: Algorithm, compiles: bool) -> tuple[Any, Any]:
    if not compiles:
        return algorithm.act, algorithm.learn
    return autodiff.jit(algorithm.act), autodiff.jit(algorithm.learn, donate_argnums=(0,))
