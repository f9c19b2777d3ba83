"""Ways to choose actions by their values: mostly the best, at times another."""

from typing import Any

from xdl.core import Array, array_namespace, static
from xdl.core._namespace import device_of
from xdl.optim._part import Part

__all__ = ["EpsilonGreedy", "Exploration", "Softmax", "UpperConfidence"]


class Exploration(Part):
    """Base of explorations. Numbers may be schedules.

    A schedule is a function of the count of steps, such as ``lambda t: t ** -0.2``; counts begin at 1.
    """

    def choose(
        self, q: Array, counts: Array | None, t: Array, noise: Array, best: Array | None = None
    ) -> Array:
        """Action of each agent.

        Parameters
        ----------
        q : (n, actions) array
            Values of the actions.
        counts : (n, actions) array, or None
            How often each has been taken in this state, for an exploration with ``counts``.
        t : () array
            Number of the step.
        noise : (n,) array
            Uniform on [0, 1).
        best : (n,) integer array, optional
            First of the actions of the largest value, where it is known.

        Returns
        -------
        (n,) integer array
        """
        raise NotImplementedError

    def probabilities(self, q: Array, t: Array) -> Array:
        """Probability (n, actions) of each action; for methods that take means over them."""
        raise NotImplementedError


def at(number: Any, t: Array) -> Any:
    """Value of a number, or of a schedule at a step."""
    return number(t) if callable(number) else number


class EpsilonGreedy(Exploration):
    """Best action, but with probability ``epsilon`` any, all alike.

    Parameters
    ----------
    epsilon : float or schedule
        Probability of a random action.

    References
    ----------
    Sutton & Barto (2018), section 2.2
    """

    epsilon: Any = static(default=0.1)

    def choose(
        self, q: Array, counts: Array | None, t: Array, noise: Array, best: Array | None = None
    ) -> Array:
        """Greedy, or not."""
        xp, n = array_namespace(q), q.shape[-1]
        greedy = xp.argmax(q, axis=-1) if best is None else best
        epsilon = at(self.epsilon, t)
        # below epsilon the same number, scaled, tells the action; above it must stay an integer that exists
        scaled = xp.minimum(noise * (n / (epsilon + 1e-30)), float(n - 1))
        return xp.where(noise < epsilon, xp.astype(scaled, greedy.dtype), greedy)

    def probabilities(self, q: Array, t: Array) -> Array:
        """The best action has what exploration leaves, and its share of that."""
        xp, n = array_namespace(q), q.shape[-1]
        best = xp.arange(n, device=device_of(q))[None, :] == xp.argmax(q, axis=-1, keepdims=True)
        epsilon = at(self.epsilon, t)
        return xp.where(best, 1 - epsilon + epsilon / n + 0 * q, epsilon / n + 0 * q)


class Softmax(Exploration):
    """Actions with probabilities that grow exponentially with their values.

    Parameters
    ----------
    temperature : float or schedule
        Difference of values that is worth a factor of e.

    References
    ----------
    Sutton & Barto (2018), section 2.8, equation 2.11
    """

    temperature: Any = static(default=1.0)

    def choose(
        self, q: Array, counts: Array | None, t: Array, noise: Array, best: Array | None = None
    ) -> Array:
        """By the inverse of the distribution function."""
        xp = array_namespace(q)
        below = xp.cumulative_sum(self.probabilities(q, t), axis=-1) <= noise[:, None]
        which = xp.sum(xp.astype(below, xp.int32), axis=-1, dtype=xp.int32)
        return xp.minimum(which, xp.full_like(which, q.shape[-1] - 1))

    def probabilities(self, q: Array, t: Array) -> Array:
        """Softmax of the values."""
        from xdl import nn

        return nn.softmax(q / at(self.temperature, t), axis=-1)


class UpperConfidence(Exploration):
    """Action whose value might be the highest: ``q + scale * sqrt(log(t) / count)``; untried actions first.

    Parameters
    ----------
    scale : float
        Weight of what is not known.

    References
    ----------
    Auer, Cesa-Bianchi & Fischer (2002), Machine Learning 47, UCB1; Sutton & Barto (2018), equation 2.10
    """

    scale: float = static(default=1.0)

    def choose(
        self, q: Array, counts: Array | None, t: Array, noise: Array, best: Array | None = None
    ) -> Array:
        """Best of the bounds."""
        if counts is None:
            message = "UpperConfidence needs counts of actions"
            raise ValueError(message)
        xp = array_namespace(q)
        # the logarithm of all visits of the state: an agent's own clock
        visits = xp.sum(counts, axis=-1, keepdims=True)
        bonus = self.scale * xp.sqrt(xp.log(visits + 1) / xp.maximum(counts, xp.ones_like(counts)))
        return xp.argmax(xp.where(counts == 0, xp.full_like(q, xp.inf), q + bonus), axis=-1)
