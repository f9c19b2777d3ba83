"""Gaussian error linear units."""

import math
from typing import Any

from xdl.core import Array, array_namespace, generic
from xdl.nn._erf import erfc
from xdl.nn._precision import narrow, widen

from .sigmoids import sigmoid
from .slopes import by_slope

__all__ = ["gelu", "quick_gelu"]

# tanh of SLOPE x + CUBIC x**3
SLOPE = math.sqrt(2 / math.pi)
CUBIC = 0.044715 * SLOPE


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
        c = _near(xp, z, 10.0)  # tanh is 1 there; the cube may overflow
        y = 0.5 * z * (1.0 + xp.tanh(c * (SLOPE + CUBIC * (c * c))))
    else:
        y = 0.5 * z * erfc(-math.sqrt(0.5) * z)
    return narrow(xp, y, x)


def _near(xp: Any, z: Array, bound: float) -> Array:
    return xp.where(z > bound, bound, xp.where(z < -bound, -bound, z))


def _slope(x: Array, *, approximate: bool) -> Array:
    xp = array_namespace(x)
    z = widen(xp, x)
    if approximate:
        z = _near(xp, z, 10.0)
        square = z * z
        t = xp.tanh(z * (SLOPE + CUBIC * square))
        y = 0.5 * (1.0 + t) + 0.5 * (1.0 - t * t) * (z * (SLOPE + 3 * CUBIC * square))
    else:
        z = _near(xp, z, 40.0)
        y = 0.5 * erfc(-math.sqrt(0.5) * z) + z * xp.exp(-0.5 * (z * z)) / math.sqrt(2 * math.pi)
    return narrow(xp, y, x)


@generic
def gelu_and_slope(x: Array, /, *, approximate: bool) -> tuple[Array, Array]:
    """Value and derivative of `gelu`."""
    return gelu.definition(x, approximate=approximate), _slope(x, approximate=approximate)


by_slope(gelu, _slope, gelu_and_slope)

QUICK = 1.702


@generic
def quick_gelu(x: Array, /) -> Array:
    """Return ``x * sigmoid(1.702 * x)``, Hendrycks and Gimpel's other approximation of `gelu`, off by 2e-2.

    References
    ----------
    Hendrycks & Gimpel (2016), arXiv:1606.08415, section 2
    """
    return x * sigmoid(QUICK * x)


def _quick_slope(x: Array) -> Array:
    s = sigmoid(QUICK * x)
    return s + QUICK * (x * s) * (1.0 - s)


@generic
def quick_gelu_and_slope(x: Array, /) -> tuple[Array, Array]:
    """Value and derivative of `quick_gelu`."""
    return quick_gelu.definition(x), _quick_slope(x)


by_slope(quick_gelu, _quick_slope, quick_gelu_and_slope)
