"""Layers whose weights carry noise of learned size."""

import math
from collections.abc import Callable
from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, Module, array_namespace, generic, random, static

from ._initializers import ones
from ._linear import linear, linear_pullback

__all__ = ["NoisyDense", "noisy_linear"]


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
            deviations = self.weight_deviation, self.bias_deviation
            y = noisy_linear(x, weight, bias, *deviations, rooted[:n], rooted[n:])
        else:
            y = linear(x, weight, bias)
        return y if self.activation is None else self.activation(y)


@generic
def noisy_linear(
    x: Array,
    weight: Array,
    bias: Array,
    weight_deviation: Array,
    bias_deviation: Array,
    into: Array,
    out: Array,
    /,
) -> Array:
    """Affine map of the last axis, of which each number moves by its deviation times its noise.

    Parameters
    ----------
    x : (..., n_in) array
    weight, weight_deviation : (n_in, n_out) array
    bias, bias_deviation : (n_out,) array
    into : (n_in,) array
        Noise of the inputs.
    out : (n_out,) array
        Noise of the outputs, and of the bias. That of a weight is the product of both.

    Returns
    -------
    (..., n_out) array
    """
    return _forward(x, weight, bias, weight_deviation, bias_deviation, into, out)[0]


def _forward(
    x: Array,
    weight: Array,
    bias: Array,
    weight_deviation: Array,
    bias_deviation: Array,
    into: Array,
    out: Array,
) -> tuple[Array, Any]:
    """Result; the weights, and their noise."""
    xp = array_namespace(weight, weight_deviation, bias, bias_deviation, into, out)
    noise = xp.multiply(into[:, None], out[None, :])
    moved = xp.add(weight, xp.multiply(weight_deviation, noise))
    return linear(x, moved, xp.add(bias, xp.multiply(bias_deviation, out))), (moved, noise)


def _pull(
    xp: Any, dy: Array, y: Array, wanted: tuple[bool, ...], *args: Array, saved: Any = None
) -> tuple[Array | None, ...]:
    """Cotangents of those arguments that are wanted."""
    x, _, _, weight_deviation, bias_deviation, into, out = args
    moved, noise = saved or _forward(*args)[1]
    dx, dw, db = linear_pullback(dy, x, moved, wanted=(wanted[0], True, True))
    deviations = xp.multiply(dw, noise), xp.multiply(db, out)
    if not (wanted[5] or wanted[6]):
        return dx, dw, db, *deviations, None, None
    products = xp.multiply(dw, weight_deviation)
    d_out = xp.add(xp.matmul(into, products), xp.multiply(db, bias_deviation))
    return dx, dw, db, *deviations, xp.matmul(products, out), d_out


rule(noisy_linear, forward=_forward, pullback=_pull)
