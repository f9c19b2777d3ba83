"""Bandits: machines of several arms, each of which pays by a distribution of its own."""

from typing import ClassVar

from xdl.core import Array, Module, array_namespace, random, static, to_numpy

__all__ = ["Bandit", "BernoulliBandit", "GaussianBandit"]


class Bandit(Module):
    """Base of bandits, any number at once.

    Attributes
    ----------
    mean : (..., arms) array
        Mean reward of each arm.
    bounded : bool
        Whether rewards are in [0, 1].
    """

    bounded: ClassVar[bool] = False

    mean: Array

    def draw(self, key: Array, shape: tuple[int, ...]) -> Array:
        """Random numbers, as `pay` takes them, one for each pull."""
        raise NotImplementedError

    def pay(self, mean: Array, noise: Array) -> Array:
        """Reward of arms of these means."""
        raise NotImplementedError

    def divergence(self, mean: Array, other: Array) -> Array:
        """Kullback-Leibler divergence of an arm of mean ``other`` from one of mean ``mean``."""
        raise NotImplementedError

    def check(self) -> None:
        """Refuse means that no arm can have."""
        if self.mean.ndim < 1 or self.mean.shape[-1] < 2:
            message = (
                f"`mean` must have shape (..., arms) with two arms or more, got {tuple(self.mean.shape)}"
            )
            raise ValueError(message)
        mean = to_numpy(self.mean)
        strange = (mean != mean) | (abs(mean) == float("inf"))
        if self.bounded:
            strange = strange | (mean < 0) | (mean > 1)
        if strange.any():
            place = tuple(int(i[0]) for i in strange.nonzero())
            where = "in [0, 1]" if self.bounded else "finite"
            message = f"`mean` must be {where}, got {mean[place]} at {place}"
            raise ValueError(message)

    def lower_bound(self) -> Array:
        """Factor of ``log(t)`` in the regret that no consistent method stays below for long.

        Returns
        -------
        (...) array
            Sum over the worse arms of what one costs over its divergence from the best.

        References
        ----------
        Lai & Robbins (1985), Advances in Applied Mathematics 6, theorem 2
        """
        xp = array_namespace(self.mean)
        best = xp.max(self.mean, axis=-1, keepdims=True)
        gap = best - self.mean
        worse = gap > 0
        # a best arm stands in for another that would divide zero by zero
        other = xp.where(worse, self.mean, best - 0.5)
        other = xp.clip(other, 0.0, 1.0) if self.bounded else other
        cost = gap / self.divergence(other, best + 0 * gap)
        return xp.sum(xp.where(worse, cost, xp.zeros_like(gap)), axis=-1)


class BernoulliBandit(Bandit):
    """Arms that pay 1 or nothing.

    Parameters
    ----------
    mean : (..., arms) array
        Probability that an arm pays.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import rl
    >>> round(float(rl.BernoulliBandit(np.asarray([0.9, 0.8])).lower_bound()), 3)
    2.252
    """

    bounded: ClassVar[bool] = True

    def draw(self, key: Array, shape: tuple[int, ...]) -> Array:
        """Uniform on [0, 1)."""
        return random.uniform(key, shape, dtype=self.mean.dtype)

    def pay(self, mean: Array, noise: Array) -> Array:
        """1 with the probability ``mean``."""
        return array_namespace(mean).astype(noise < mean, mean.dtype)

    def divergence(self, mean: Array, other: Array) -> Array:
        """Relative entropy of two coins."""
        return entropy_part(mean, other) + entropy_part(1 - mean, 1 - other)


class GaussianBandit(Bandit):
    """Arms whose rewards are normal, all of one standard deviation.

    Parameters
    ----------
    mean : (..., arms) array
        Mean reward of each arm.
    deviation : float
        Standard deviation of rewards.
    """

    deviation: float = static(default=1.0)

    def draw(self, key: Array, shape: tuple[int, ...]) -> Array:
        """Standard normal."""
        return random.normal(key, shape, dtype=self.mean.dtype)

    def pay(self, mean: Array, noise: Array) -> Array:
        """About the mean."""
        return mean + self.deviation * noise

    def divergence(self, mean: Array, other: Array) -> Array:
        """Half the squared distance, in deviations."""
        return (mean - other) * (mean - other) / (2 * self.deviation * self.deviation)


def entropy_part(p: Array, q: Array) -> Array:
    """``p * log(p / q)``, which is 0 where ``p`` is, and infinite where only ``q`` is."""
    xp = array_namespace(p)
    ones = xp.ones_like(p)
    part = p * (xp.log(xp.where(p > 0, p, ones)) - xp.log(xp.where(q > 0, q, ones)))
    return xp.where((p > 0) & (q <= 0), xp.full_like(part, xp.inf), part)
