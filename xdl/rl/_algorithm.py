"""What an algorithm of deep reinforcement learning is: a frozen record of settings, and four functions of arrays.

The loop around them, `train`, runs the copies of the environment, hands over what they have seen, and logs.
"""

from typing import Any, ClassVar

from xdl.core import Array, Module, static
from xdl.optim._part import Part

from ._environment import Environment, Transition

__all__ = ["Algorithm", "Experience", "Spaces", "spaces_of"]


class Spaces(Part):
    """What an environment shows, and what it takes.

    Parameters
    ----------
    observation_shape : tuple of int
        Shape of an observation; () for one that is an integer.
    states : int or None
        Number of observations, if they are integers from 0.
    actions : int or None
        Number of actions, if they are integers from 0.
    action_size : int
        Entries of an action that is a vector.
    low, high : tuple of float
        Bounds of its entries.
    observation_dtype : str
        In which a replay keeps observations that are arrays: ``"float32"``, or an integer one, such as ``"uint8"`` of
        images.
    """

    observation_shape: tuple[int, ...] = static()
    states: int | None = static(default=None)
    actions: int | None = static(default=None)
    action_size: int = static(default=0)
    low: tuple[float, ...] = static(default=())
    high: tuple[float, ...] = static(default=())
    observation_dtype: str = static(default="float32")


class Experience(Module):
    """Steps in a row of n copies of an environment.

    Parameters
    ----------
    transition : Transition
        Arrays (steps, n, ...).
    extra : pytree
        What `Algorithm.act` returned beside the actions: arrays (steps, n, ...).
    following : (n, ...) array
        What is seen after the last step: where an episode has ended, the first observation of the next.
    """

    transition: Transition
    extra: Any
    following: Array


class Algorithm(Part):
    """Base of algorithms. Fields of a subclass are its settings, all static.

    The *learner* is a pytree of arrays: all that the algorithm remembers, parameters, target networks, states of
    optimizers, replay. It is given up by `learn`, so that a library may write the new one in its place.

    Attributes
    ----------
    copies : int
        Copies of the environment that run side by side.
    rollout : int
        Steps of each copy between two calls of `learn`.
    """

    copies: ClassVar[int] = 1
    rollout: ClassVar[int] = 1

    def check_counts(self, *names: str) -> None:
        """Refuse settings of these names that are less than one."""
        for name in names:
            if getattr(self, name) < 1:
                message = f"`{name}` must be at least 1, got {getattr(self, name)}"
                raise ValueError(message)

    def check_shares(self, *names: str) -> None:
        """Refuse settings of these names that are not between zero and one."""
        for name in names:
            if not 0 <= getattr(self, name) <= 1:
                message = f"`{name}` must be in [0, 1], got {getattr(self, name)}"
                raise ValueError(message)

    def init(self, spaces: Spaces, key: Array) -> Any:
        """Learner before the first step, in the library and on the device of the key; refuses other spaces."""
        raise NotImplementedError

    def noise(self, spaces: Spaces) -> int:
        """Random numbers that the choice of one copy's action takes."""
        return 0

    def act(self, learner: Any, observation: Array, t: Array, noise: Array) -> tuple[Array, Any]:
        """Choose actions, exploring.

        Parameters
        ----------
        learner : pytree
        observation : (n, ...) array
        t : () integer array
            Steps of all copies together, before this one.
        noise : (n, self.noise(spaces)) array
            Uniform on [0, 1).

        Returns
        -------
        action : (n,) integer array, or (n, action_size) array
        extra : pytree
            What `learn` wants to know of the choice, arrays (n, ...).
        """
        raise NotImplementedError

    def learn(
        self, learner: Any, experience: Experience, t: Array, key: Array
    ) -> tuple[Any, dict[str, Array]]:
        """Learn from `rollout` steps of each copy.

        Parameters
        ----------
        learner : pytree
            Given up.
        experience : Experience
        t : () integer array
            Steps of all copies together, these included.
        key : array
            Random key of this call.

        Returns
        -------
        learner : pytree
        measures : dict of str to () array
            Numbers for the log, the same names in each call; NaN for one that has no value yet.
        """
        raise NotImplementedError

    def policy(self, learner: Any, observation: Array) -> Array:
        """Actions (n, ...) without exploration."""
        raise NotImplementedError


def spaces_of(env: Environment) -> Spaces:
    """Spaces of an environment that is an array program."""
    states = getattr(env, "states", None)
    bounds = env.action_bounds
    return Spaces(
        observation_shape=(env.observation_size,) if env.observation_size else (),
        states=None if env.observation_size else states,
        actions=env.actions,
        action_size=env.action_size,
        low=() if bounds is None else (bounds[0],) * env.action_size,
        high=() if bounds is None else (bounds[1],) * env.action_size,
    )
