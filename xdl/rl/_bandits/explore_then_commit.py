"""Try each arm equally often, then keep to the best."""

from typing import Any

from xdl.core import Array, array_namespace, static

from .action_values import Values, no_values
from .running import BanditMethod

__all__ = ["ExploreThenCommit"]


class ExploreThenCommit(BanditMethod):
    """Pull the arms in turns, then for ever the one that paid best.

    Parameters
    ----------
    pulls : int
        Pulls of each arm before.

    References
    ----------
    Lattimore & Szepesvári (2020), Bandit Algorithms, algorithm 1
    """

    pulls: int = static()

    def init(self, like: Array) -> Values:
        """No pulls."""
        if self.pulls < 1:
            message = f"`pulls` must be at least 1, got {self.pulls}"
            raise ValueError(message)
        return no_values(like)

    def draw(self, key: Array, shape: tuple[int, int, int], dtype: Any) -> tuple[()]:
        """Nothing is random."""
        return ()

    def choose(self, memory: Values, t: Array, noise: Any) -> Array:
        """First of the arms that were pulled least; later, the best."""
        xp, arms = array_namespace(memory.mean), memory.mean.shape[-1]
        exploring = t <= self.pulls * arms
        return xp.argmax(xp.where(exploring, -memory.pulls, memory.mean), axis=-1)

    def learn(self, memory: Values, taken: Array, reward: Array, t: Array) -> Values:
        """Mean of the rewards; they are not looked at any more once the arm is chosen."""
        xp = array_namespace(reward)
        exploring = t <= self.pulls * memory.mean.shape[-1]
        after = memory.add(taken, reward)
        return Values(xp.where(exploring, after.mean, memory.mean), after.pulls)
