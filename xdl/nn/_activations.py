"""Activations: elementwise functions between the affine maps of a network."""

import math

from xdl.core import Array, array_namespace, generic

from ._erf import erfc
from ._precision import narrow, widen

__all__ = ["gelu", "relu", "sigmoid", "softplus", "tanh"]


@generic
def relu(x: Array, /) -> Array:
    """Positive part of ``x``; its derivative at 0 is 0, and NaN stays NaN."""
    return array_namespace(x).where(x <= 0, 0.0, x)


@generic
def sigmoid(x: Array, /) -> Array:
    """Logistic function ``1 / (1 + exp(-x))``, accurate in both tails and without overflow."""
    xp = array_namespace(x)
    e = xp.exp(_minus_magnitude(xp, x))
    return xp.where(x > 0, 1.0, e) / (1.0 + e)


@generic
def softplus(x: Array, /) -> Array:
    """Logarithm of ``1 + exp(x)``, without overflow; its derivative is `sigmoid`, 1/2 at 0."""
    xp = array_namespace(x)
    return xp.where(x > 0, x, 0.0) + xp.log1p(xp.exp(_minus_magnitude(xp, x)))


def tanh(x: Array, /) -> Array:
    """Hyperbolic tangent."""
    return array_namespace(x).tanh(x)


@generic
def gelu(x: Array, /, *, approximate: bool = True) -> Array:
    """Gaussian error linear unit, ``x`` times the probability that a standard normal variable is below ``x``.

    Parameters
    ----------
    x : array
        An entry of -inf gives NaN, as in PyTorch and JAX.
    approximate : bool
        True is Hendrycks and Gimpel's formula with tanh, off by at most 5e-4; False is exact. The
        default is that of ``jax.nn.gelu`` and of GPT-2; PyTorch's default is the exact function: there,
        ``F.gelu(x, approximate="tanh")`` is ``gelu(x)``.

    Returns
    -------
    array

    References
    ----------
    Hendrycks & Gimpel (2016), arXiv:1606.08415, section 2
    """
    xp = array_namespace(x)
    z = widen(xp, x)
    if approximate:
        y = 0.5 * z * (1.0 + xp.tanh(z * (SLOPE + CUBIC * (z * z))))
    else:
        y = 0.5 * z * erfc(-math.sqrt(0.5) * z)
    return narrow(xp, y, x)


SLOPE = math.sqrt(2 / math.pi)
CUBIC = 0.044715 * SLOPE


def _minus_magnitude(xp, x: Array) -> Array:
    # -|x| has derivative 0 at 0; sigmoid and softplus need the slope of one side there.
    return xp.where(x > 0, -x, x)
