"""Environments that run as Python, one step at a time: what the loop around an algorithm asks of them."""

import functools
from typing import Any

from xdl.core import Array, array_namespace, asarray, random, to_numpy

from ._algorithm import Spaces
from ._environment import Transition

__all__ = ["HostEnvironment", "host"]

SEEDS = 2**31 - 1  # the largest seed that generators of all kinds take


@functools.cache
def host() -> Any:
    """NumPy's namespace, whose arrays these environments speak in."""
    return array_namespace(to_numpy(0))


class HostEnvironment:
    """Base of environments that run as Python, in several copies whose arrays go to any library.

    A subclass sets `spaces` and `copies`, and defines `begin` and `play`, which speak in NumPy's arrays and do not
    write again to those that they have returned: other libraries may share their memory. Unlike an `Environment` it is
    no array program: its state is its own, and no transform goes through it.

    Attributes
    ----------
    spaces : Spaces
        What it shows, and what it takes.
    copies : int
        Copies that run side by side.
    """

    spaces: Spaces
    copies: int

    _like: Array
    _observation: Array
    _total: Any
    _steps: int

    def begin(self, seeds: list[int]) -> Any:
        """First observations (n, ...) of new episodes in all copies, one seed each."""
        raise NotImplementedError

    def play(self, action: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Take a step in each copy, and begin a new episode where one has ended.

        Parameters
        ----------
        action : (n,) array of int32, or (n, action_size) array
            NumPy array.

        Returns
        -------
        seen : (n, ...) array
            What was seen then; the last observation of an episode that has ended.
        reward, terminated, truncated : (n,) array
        following : (n, ...) array
            What is seen before the next action.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of windows and processes."""

    def start(self, key: Array, like: Array | None = None) -> Array:
        """Begin new episodes in all copies.

        Parameters
        ----------
        key : array
            Random key, of which the seeds of the copies are made.
        like : array, optional
            Array whose library, device and, if it is of floats, dtype the arrays take; default: the key, and float32.

        Returns
        -------
        (n, ...) array
            First observations.
        """
        seeds = [int(seed) for seed in to_numpy(random.randint(key, (self.copies,), 0, SEEDS))]
        example: Any = key if like is None else like
        xp = array_namespace(example)
        if not xp.isdtype(example.dtype, "real floating"):
            example = asarray(0.0, like=example, dtype=xp.float32)
        self._like = example
        self._total, self._steps = host().zeros(self.copies), 0
        self._observation = self._seen(self.begin(seeds))
        return self._observation

    def step(self, action: Array) -> tuple[Transition, Array]:
        """Take a step in each copy.

        Parameters
        ----------
        action : (n,) integer array, or (n, action_size) array

        Returns
        -------
        transition : Transition
            Arrays (n, ...); its `next_observation` is, of an episode that has ended, the last observation.
        following : (n, ...) array
            What the next actions are chosen by: where an episode has ended, the first observation of the next.

        Raises
        ------
        ValueError
            If the action has another shape, or what is seen has NaN.
        """
        if not hasattr(self, "_like"):
            message = "no episode has begun: call `start(key)` before `step(action)`"
            raise ValueError(message)
        xp = host()
        shape = (self.copies,) if self.spaces.actions is not None else (self.copies, self.spaces.action_size)
        if action.shape != shape:
            message = f"`action` must have shape {shape}, one for each copy, got {tuple(action.shape)}"
            raise ValueError(message)
        taken = to_numpy(action)
        if self.spaces.actions is not None:
            taken = xp.astype(taken, xp.int32)
        self._steps += 1
        seen, reward, terminated, truncated, following = self.play(taken)
        ended = terminated | truncated
        self._refuse_nan(reward, "reward")
        total = self._total + reward
        self._total = xp.where(ended, 0.0, total)
        before = self._observation
        next_observation = self._seen(seen)
        self._observation = self._seen(following) if ended.any() else next_observation
        transition = Transition(
            before,
            action,
            self._floats(reward),
            next_observation,
            self._array(terminated),
            self._array(truncated),
            self._floats(total),
        )
        return transition, self._observation

    def _array(self, x: Any) -> Array:
        return asarray(x, like=self._like)

    def _floats(self, x: Any) -> Array:
        return asarray(x, like=self._like, dtype=self._like.dtype)

    def _seen(self, x: Any) -> Array:
        """Observations in the library asked for; integers stay integers."""
        if x.dtype.kind != "f":
            return self._array(x)
        self._refuse_nan(x, "observation")
        return self._floats(x)

    def _refuse_nan(self, x: Any, what: str) -> None:
        wrong = x != x
        if not wrong.any():
            return
        copy, *entry = (int(place[0]) for place in wrong.nonzero())
        where = f", entry {entry[0] if len(entry) == 1 else tuple(entry)}" if entry else ""
        message = (
            f"the {what} is NaN in copy {copy}{where}, after {self._steps} steps: "
            "the environment has left the numbers that it can compute with; look at its actions, and at its bounds"
        )
        raise ValueError(message)
