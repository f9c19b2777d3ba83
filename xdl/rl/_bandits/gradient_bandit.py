"""Gradient ascent on the mean reward of a softmax policy."""

from xdl import nn
from xdl.core import Array, Module, array_namespace, static
from xdl.rl._tabular.exploration import Softmax

from .running import BanditMethod

__all__ = ["GradientBandit"]


class Preferences(Module):
    """Logits (n, arms), and the mean (n,) of all rewards before."""

    logits: Array
    baseline: Array


class GradientBandit(BanditMethod):
    """Learn preferences for arms: those that pay more than the mean of all rewards are chosen more often.

    Parameters
    ----------
    rate : float
        Step of the ascent.
    baseline : bool
        Whether rewards are compared with their mean so far, not with 0.

    References
    ----------
    Sutton & Barto (2018), section 2.8, equation 2.12; the first reward is compared with itself
    """

    rate: float = static(default=0.1)
    baseline: bool = static(default=True)

    def init(self, like: Array) -> Preferences:
        """No preference."""
        xp = array_namespace(like)
        return Preferences(xp.zeros_like(like), xp.zeros_like(like[:, 0]))

    def choose(self, memory: Preferences, t: Array, noise: Array) -> Array:
        """By the softmax of the preferences."""
        return Softmax().choose(memory.logits, None, t, noise)

    def learn(self, memory: Preferences, taken: Array, reward: Array, t: Array) -> Preferences:
        """Follow the gradient of the logarithm of the arm's probability."""
        xp, baseline = array_namespace(reward), memory.baseline
        gain = reward
        if self.baseline:
            gain = xp.where(t == 1, xp.zeros_like(reward), reward - baseline)
            baseline = baseline + (reward - baseline) / t
        ahead = taken - nn.softmax(memory.logits, axis=-1)
        return Preferences(memory.logits + self.rate * gain[:, None] * ahead, baseline)
