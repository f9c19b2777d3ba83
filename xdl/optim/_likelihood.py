"""Distributions of targets, given the outputs of a model: what the Fisher information is an expectation over."""

from typing import Protocol

from xdl import nn
from xdl.core import Array, array_namespace, random

from ._part import Part

__all__ = ["Categorical", "Likelihood", "Normal"]


class Likelihood(Protocol):
    """What K-FAC asks of a likelihood."""

    def loss(self, outputs: Array, targets: Array, /) -> Array:
        """Mean negative log-likelihood over the examples, up to a constant."""
        ...

    def sample(self, key: Array, outputs: Array, /) -> Array:
        """Targets drawn from the distribution that the outputs describe."""
        ...


class Categorical(Part):
    """Classes, whose unnormalized log-probabilities are the outputs."""

    def loss(self, outputs: Array, targets: Array, /) -> Array:
        """Mean cross-entropy."""
        return nn.cross_entropy(outputs, targets)

    def sample(self, key: Array, outputs: Array, /) -> Array:
        """Indices of classes."""
        return random.categorical(key, outputs)


class Normal(Part):
    """Numbers with unit variance, whose means are the outputs."""

    def loss(self, outputs: Array, targets: Array, /) -> Array:
        """Half the squared error of an example, summed over its outputs, in the mean over the examples."""
        xp, e = array_namespace(outputs), outputs - targets
        return 0.5 * xp.mean(xp.sum(e * e, axis=-1))

    def sample(self, key: Array, outputs: Array, /) -> Array:
        """Outputs with noise."""
        return outputs + random.normal(key, tuple(outputs.shape), dtype=outputs.dtype)
