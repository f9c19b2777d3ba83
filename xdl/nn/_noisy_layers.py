"""Layers whose weights carry noise of learned size."""

import math
from collections.abc import Callable
from typing import Any

from xdl.core import Array, Module, array_namespace, random, static

from ._initializers import ones
from ._linear import linear

__all__ = ["NoisyDense"]


class NoisyDense(Module):
    """Affine map of the last axis by random weights, of which mean and standard deviation are learned.

    The noise of a weight is the product of one number of its input and one of its output, and is the same for all
    rows of a batch. Without a key the means alone are used.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n_in, n_out : int
        Lengths of the last axis before and after.
    activation : callable, optional
        Elementwise function of the result.
    deviation : float
        First standard deviation of weights and biases, times the root of ``n_in``.
    dtype : dtype, optional
        Default: float32.

    References
    ----------
    Fortunato et al. (2018), arXiv:1706.10295, equations 9 to 11 and section 3.2 (factorized noise)
    """

    weight: Array
    bias: Array
    weight_deviation: Array
    bias_deviation: Array
    activation: Callable[[Array], Array] | None = static()

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_out: int,
        *,
        activation: Callable[[Array], Array] | None = None,
        deviation: float = 0.5,
        dtype: Any = None,
    ) -> None:
        keys, bound = random.split(key, 2), 1 / math.sqrt(n_in)
        self.weight = random.uniform(keys[0, ...], (n_in, n_out), low=-bound, high=bound, dtype=dtype)
        self.bias = random.uniform(keys[1, ...], (n_out,), low=-bound, high=bound, dtype=dtype)
        start = deviation * bound
        self.weight_deviation = start * ones(key, (n_in, n_out), dtype=dtype)
        self.bias_deviation = start * ones(key, (n_out,), dtype=dtype)
        self.activation = activation

    @property
    def noise(self) -> int:
        """Random numbers that the weights take, n_in + n_out."""
        return sum(self.weight.shape)

    def __call__(self, x: Array, /, *, key: Array | None = None, noise: Array | None = None) -> Array:
        """Map ``x`` (..., n_in) to (..., n_out).

        Parameters
        ----------
        x : (..., n_in) array
        key : (2,) array of uint32, optional
            Draws the noise.
        noise : (n_in + n_out,) array, optional
            Standard normal numbers, in place of a key: one draw can serve many layers.
        """
        weight, bias = self.weight, self.bias
        if key is not None:
            noise = random.normal(key, self.noise, dtype=weight.dtype)
        if noise is not None:
            if tuple(noise.shape) != (self.noise,):
                message = f"expected `noise` of shape {(self.noise,)}, got {tuple(noise.shape)}"
                raise ValueError(message)
            xp, n = array_namespace(noise), weight.shape[0]
            rooted: Array = xp.sign(noise) * xp.sqrt(xp.abs(noise))
            xp = array_namespace(weight, noise)
            weight = weight + xp.multiply(self.weight_deviation, rooted[:n, None] * rooted[None, n:])
            bias = bias + xp.multiply(self.bias_deviation, rooted[n:])
        y = linear(x, weight, bias)
        return y if self.activation is None else self.activation(y)
