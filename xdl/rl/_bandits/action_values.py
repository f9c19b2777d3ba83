"""Methods that keep the mean reward of each arm."""

from typing import Any

from xdl.core import Array, Module, array_namespace, static
from xdl.rl._tabular.exploration import EpsilonGreedy, Exploration, at

from .running import BanditMethod

__all__ = ["ActionValues", "Values"]


class Values(Module):
    """What arms have paid so far: mean and number of pulls, both (n, arms)."""

    mean: Array
    pulls: Array

    def add(self, taken: Array, reward: Array, rate: Any = None) -> "Values":
        """Values after one more pull of each bandit; without a rate means of all rewards."""
        xp = array_namespace(self.mean)
        pulls = self.pulls + taken
        step = taken / xp.maximum(pulls, xp.ones_like(pulls)) if rate is None else rate * taken
        return Values(self.mean + step * (reward[:, None] - self.mean), pulls)


def no_values(like: Array, initial: float = 0.0) -> Values:
    """Values before the first pull."""
    xp = array_namespace(like)
    return Values(xp.full_like(like, initial), xp.zeros_like(like))


class ActionValues(BanditMethod):
    """Choose by the mean reward of each arm, exploring as tabular learning does.

    With `EpsilonGreedy` of a number or of a schedule this is the greedy method and its kin, with
    ``UpperConfidence(2**0.5)`` it is UCB1, with `Softmax` it is Boltzmann exploration.

    Parameters
    ----------
    exploration : Exploration
        How an arm is chosen by these values.
    rate : float, schedule or None
        Part of the error that a step corrects; None takes the mean of all rewards.
    initial : float
        First value of each arm. Above all rewards it makes the method try every arm; with ``rate=None`` the first
        reward of an arm takes its place.

    References
    ----------
    Sutton & Barto (2018), sections 2.4 to 2.6; Auer, Cesa-Bianchi & Fischer (2002), Machine Learning 47, figures 1
    (UCB1) and 3 (epsilon that falls)
    """

    exploration: Exploration = static(default=EpsilonGreedy())
    rate: Any = static(default=None)
    initial: float = static(default=0.0)

    def init(self, like: Array) -> Values:
        """Equal values."""
        return no_values(like, self.initial)

    def choose(self, memory: Values, t: Array, noise: Array) -> Array:
        """As the exploration does."""
        return self.exploration.choose(memory.mean, memory.pulls, t, noise)

    def learn(self, memory: Values, taken: Array, reward: Array, t: Array) -> Values:
        """Move the value of the arm towards its reward."""
        return memory.add(taken, reward, None if self.rate is None else at(self.rate, t))
