"""Activations: elementwise functions between the affine maps of a network."""

import math
from typing import Any

from xdl.autodiff import partials, rule
from xdl.core import Array, array_namespace, generic

from ._erf import erfc
from ._precision import narrow, widen

__all__ = ["gelu", "relu", "sigmoid", "softplus", "tanh"]


@generic
def relu(x: Array, /) -> Array:
    """Positive part of ``x``; its derivative at 0 is 0, and NaN stays NaN."""
    return array_namespace(x).where(x <= 0, 0.0, x)


@generic
def gate(x: Array, y: Array, /) -> Array:
    """Return ``x`` where ``y`` is positive, else 0; nothing is multiplied, so that infinities stay out."""
    return array_namespace(x, y).where(y > 0, x, 0.0)


rule(
    relu,
    pullback=(lambda xp, dy, y, x: gate(dy, y),),
    pushforward=(lambda xp, dx, y, x: gate(dx, y),),
)


@generic
def sigmoid(x: Array, /) -> Array:
    """Logistic function ``1 / (1 + exp(-x))``, accurate in both tails and without overflow."""
    xp = array_namespace(x)
    e = xp.exp(_minus_magnitude(xp, x))
    return xp.where(x > 0, 1.0, e) / (1.0 + e)


partials(sigmoid, lambda xp, y, x: y * (1.0 - y))


@generic
def softplus(x: Array, /) -> Array:
    """Logarithm of ``1 + exp(x)``, without overflow; its derivative is `sigmoid`, 1/2 at 0."""
    xp = array_namespace(x)
    return xp.where(x > 0, x, 0.0) + xp.log1p(xp.exp(_minus_magnitude(xp, x)))


partials(softplus, lambda xp, y, x: sigmoid(x))


def _minus_magnitude(xp: Any, x: Array) -> Array:
    # -|x| has derivative 0 at 0; sigmoid and softplus need the slope of one side there.
    return xp.where(x > 0, -x, x)


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
        c = xp.where(z > 10.0, 10.0, xp.where(z < -10.0, -10.0, z))  # tanh is 1 there; the cube may overflow
        y = 0.5 * z * (1.0 + xp.tanh(c * (SLOPE + CUBIC * (c * c))))
    else:
        y = 0.5 * z * erfc(-math.sqrt(0.5) * z)
    return narrow(xp, y, x)


# tanh of SLOPE x + CUBIC x**3
SLOPE = math.sqrt(2 / math.pi)
CUBIC = 0.044715 * SLOPE


@generic
def gelu_derivative(x: Array, /, *, approximate: bool) -> Array:
    """Derivative of `gelu`."""
    xp = array_namespace(x)
    z = widen(xp, x)
    if approximate:
        z = xp.where(z > 10.0, 10.0, xp.where(z < -10.0, -10.0, z))
        square = z * z
        t = xp.tanh(z * (SLOPE + CUBIC * square))
        y = 0.5 * (1.0 + t) + 0.5 * (1.0 - t * t) * (z * (SLOPE + 3 * CUBIC * square))
    else:
        z = xp.where(z > 40.0, 40.0, xp.where(z < -40.0, -40.0, z))
        y = 0.5 * erfc(-math.sqrt(0.5) * z) + z * xp.exp(-0.5 * (z * z)) / math.sqrt(2 * math.pi)
    return narrow(xp, y, x)


rule(
    gelu,
    pullback=(
        lambda xp, dy, y, x, *, approximate: xp.multiply(dy, gelu_derivative(x, approximate=approximate)),
    ),
    pushforward=(
        lambda xp, dx, y, x, *, approximate: xp.multiply(dx, gelu_derivative(x, approximate=approximate)),
    ),
)
