"""Distributions of actions: what a policy network gives, sampled from numbers that are uniform on [0, 1)."""

import math
from typing import Any

from xdl import nn
from xdl.autodiff import rule
from xdl.core import Array, Module, array_namespace, generic

__all__ = ["Categorical", "Gaussian", "entropy_of_logits", "standard_normal"]


class Categorical(Module):
    """Distribution of one of several actions.

    Parameters
    ----------
    logits : (..., actions) array
        Unnormalized log-probabilities; -inf forbids an action.
    """

    logits: Array

    def sample(self, noise: Array) -> Array:
        """Actions (...), as int32, by the inverse of the distribution function.

        Parameters
        ----------
        noise : (..., 1) array
            Uniform on [0, 1).
        """
        xp = array_namespace(self.logits)
        weight = xp.exp(self.logits - xp.max(self.logits, axis=-1, keepdims=True))
        below = xp.cumulative_sum(weight, axis=-1)
        # a little less than the sum: after rounding, no place at or beyond it, and no action of probability zero
        place = xp.astype(noise, below.dtype) * (below[..., -1:] * (1 - 2 * xp.finfo(below.dtype).eps))
        return xp.sum(xp.astype(below <= place, xp.int32), axis=-1, dtype=xp.int32)

    def mode(self) -> Array:
        """Likeliest actions (...), as int32; the first of equals."""
        xp = array_namespace(self.logits)
        return xp.astype(xp.argmax(self.logits, axis=-1), xp.int32)

    def log_probability(self, action: Array) -> Array:
        """Logarithm (...) of the probabilities of actions (...)."""
        return -nn.cross_entropy(self.logits, action, reduction="none")

    def entropy(self) -> Array:
        """Entropies (...), in nats."""
        return entropy_of_logits(self.logits)


class Gaussian(Module):
    """Normal distribution of a vector of independent entries.

    Parameters
    ----------
    mean : (..., n) array
    log_std : (n,) or (..., n) array
        Logarithm of the standard deviations.
    """

    mean: Array
    log_std: Array

    def sample(self, noise: Array) -> Array:
        """Vectors (..., n), which are differentiable functions of mean and deviation.

        Parameters
        ----------
        noise : (..., 2 n) array
            Uniform on [0, 1).
        """
        xp = array_namespace(self.mean, self.log_std)
        z = xp.astype(standard_normal(noise), self.mean.dtype)
        return xp.add(self.mean, xp.multiply(xp.exp(self.log_std), z))

    def mode(self) -> Array:
        """Mean."""
        return self.mean

    def log_probability(self, x: Array) -> Array:
        """Logarithm (...) of the densities at vectors (..., n)."""
        xp = array_namespace(x, self.mean)
        # functions, not operators, where one array may be traced and the other one not
        z = xp.multiply(xp.subtract(x, self.mean), xp.exp(-self.log_std))
        constant = 0.5 * math.log(2 * math.pi) * self.mean.shape[-1]
        return xp.subtract(-0.5 * xp.sum(z * z, axis=-1), xp.sum(self.log_std, axis=-1) + constant)

    def entropy(self) -> Array:
        """Entropies (...), in nats."""
        xp = array_namespace(self.mean)
        constant = 0.5 * (1 + math.log(2 * math.pi)) * self.mean.shape[-1]
        return xp.sum(xp.broadcast_to(self.log_std, self.mean.shape), axis=-1) + constant


def standard_normal(noise: Array) -> Array:
    """Standard normal numbers (..., n) of uniform ones (..., 2 n).

    Parameters
    ----------
    noise : (..., 2 n) array
        Uniform on [0, 1).

    References
    ----------
    Box & Muller (1958), Annals of Mathematical Statistics 29, equation 1
    """
    xp = array_namespace(noise)
    n = noise.shape[-1] // 2
    # 1 - u is uniform too, and never 0
    return xp.sqrt(-2 * xp.log(1 - noise[..., :n])) * xp.cos(2 * math.pi * noise[..., n:])


@generic
def entropy_of_logits(logits: Array, /) -> Array:
    """Entropy (...) of the softmax of ``logits`` (..., actions); an action of probability zero adds nothing."""
    return _entropy(logits)[0]


def _entropy(logits: Array) -> tuple[Array, Array, Array]:
    """Entropies, probabilities and their logarithms, these 0 where a probability is."""
    xp = array_namespace(logits)
    log_p = nn.log_softmax(logits)
    p = xp.exp(log_p)
    log_p = xp.where(p > 0, log_p, xp.zeros_like(log_p))
    return -xp.sum(p * log_p, axis=-1), p, log_p


def _pull(xp: Any, dy: Array, y: Array, logits: Array) -> Array:
    _, p, log_p = _entropy(logits)
    return xp.multiply(xp.expand_dims(dy, axis=-1), -p * (log_p + xp.expand_dims(y, axis=-1)))


rule(entropy_of_logits, pullback=(_pull,))
