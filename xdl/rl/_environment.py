"""Environments as pure array programs: many copies at once, compiled, on any device.

All randomness comes from outside, as numbers that are uniform on [0, 1): whoever runs an environment draws those of
many steps in one call, and the same key makes the same episodes on every backend.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from xdl.core import Array, Module, array_namespace, generic, static, tree
from xdl.core._namespace import device_of

__all__ = ["Environment", "Running", "Transition", "advance", "begin_again", "start"]


class Environment(Module):
    """Base of environments whose n copies are arrays with a leading axis.

    A subclass defines `reset`, `observe` and `step`, and says how many random numbers they take.

    Attributes
    ----------
    actions : int or None
        Number of actions, which are integers from 0; None for actions that are vectors.
    action_bounds : (low, high) or None
        Bounds of each entry of an action that is a vector.
    action_size, observation_size : int
        Entries of an action that is a vector; entries of an observation, or 0 where it is an integer.
    observation_bounds : (low, high) or None
        Bounds of each entry of an observation; they are for who asks, and need not be finite.
    reset_noise, step_noise : int
        Random numbers that a start and a step take.
    max_steps : int
        Steps after which an episode is truncated.
    """

    actions: ClassVar[int | None] = None
    action_bounds: ClassVar[tuple[float, float] | None] = None
    action_size: ClassVar[int] = 0
    observation_size: ClassVar[int] = 0
    observation_bounds: ClassVar[tuple[tuple[float, ...], tuple[float, ...]] | None] = None
    reset_noise: ClassVar[int] = 0
    step_noise: ClassVar[int] = 0

    max_steps: int = static()

    def reset(self, noise: Array) -> Any:
        """First state of episodes.

        Parameters
        ----------
        noise : (n, reset_noise) array
            Uniform on [0, 1).
        """
        raise NotImplementedError

    def observe(self, state: Any) -> Array:
        """Observation (n, ...) of states."""
        raise NotImplementedError

    def step(self, state: Any, action: Array, noise: Array) -> tuple[Any, Array, Array]:
        """Take an action in each copy.

        Parameters
        ----------
        state : pytree
            States, none of them terminal.
        action : (n,) integer array, or (n, action_size) array
            Actions.
        noise : (n, step_noise) array
            Uniform on [0, 1).

        Returns
        -------
        state : pytree
        reward : (n,) array
        terminated : (n,) boolean array
            Whether the episode has ended in a terminal state, whose value is zero.
        """
        raise NotImplementedError


class Running(Module):
    """Copies of an environment in the middle of their episodes.

    Parameters
    ----------
    state : pytree
        States.
    observation : (n, ...) array
        What is seen of them.
    steps : (n,) integer array
        Steps since the episode began.
    total : (n,) array
        Sum of its rewards.
    """

    state: Any
    observation: Array
    steps: Array
    total: Array


class Transition(Module):
    """One step of each copy.

    Parameters
    ----------
    observation, action, reward : array
        What was seen, done and earned.
    next_observation : array
        What was seen then; of an episode that has ended, its last observation, not the first of the next.
    terminated, truncated : boolean array
        Whether the episode ended in a terminal state; whether it was cut off, which says nothing of the value.
    total : array
        Sum of the rewards of the episode, this one included.
    """

    observation: Array
    action: Array
    reward: Array
    next_observation: Array
    terminated: Array
    truncated: Array
    total: Array

    @property
    def ended(self) -> Array:
        """Whether the episode has ended in either way."""
        return self.terminated | self.truncated


def start(env: Environment, noise: Array) -> Running:
    """Begin an episode in each copy.

    Parameters
    ----------
    env : Environment
    noise : (n, reset_noise) array
        Uniform on [0, 1).
    """
    xp, n, device = array_namespace(noise), noise.shape[0], device_of(noise)
    state = env.reset(noise)
    zeros = xp.zeros((n,), dtype=noise.dtype, device=device)
    return Running(state, env.observe(state), xp.zeros((n,), dtype=xp.int32, device=device), zeros)


def advance(env: Environment, running: Running, action: Array, noise: Array) -> tuple[Running, Transition]:
    """Take a step in each copy, and begin a new episode where one has ended.

    Parameters
    ----------
    env : Environment
    running : Running
    action : array
        One action for each copy.
    noise : (n, step_noise + reset_noise) array
        Uniform on [0, 1): for the step, then for a new start.
    """
    xp = array_namespace(noise)
    k = env.step_noise
    state, reward, terminated = env.step(running.state, action, noise[:, :k])
    steps, total = running.steps + 1, running.total + xp.astype(reward, running.total.dtype)
    truncated = (steps >= env.max_steps) & xp.logical_not(terminated)
    seen = env.observe(state)
    taken = Transition(running.observation, action, reward, seen, terminated, truncated, total)
    now = Running(state, seen, steps, total)
    return begin_again(taken.ended, now=now, fresh=lambda: start(env, noise[:, k:])), taken


@generic
def begin_again(ended: Array, /, *, now: Running, fresh: Callable[[], Running]) -> Running:
    """Begin new episodes where one has ended.

    Parameters
    ----------
    ended : (n,) boolean array
        Where.
    now : Running
        All copies.
    fresh : callable
        Makes new episodes for all copies, where they are needed.
    """

    def choose(new: Array, old: Array) -> Array:
        xp = array_namespace(old)
        return xp.where(xp.reshape(ended, (-1, *(1,) * (old.ndim - 1))), new, old)

    return tree.map(choose, fresh(), now)
