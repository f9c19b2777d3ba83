"""Smooth functions that approach straight lines on both sides."""

import math
from typing import Any

from xdl.autodiff import partials, rule
from xdl.core import Array, array_namespace, generic
from xdl.nn._precision import narrow, widen

from .sigmoids import minus_magnitude
from .slopes import by_slope

__all__ = ["log_cosh", "softplus", "squareplus"]


@generic
def softplus(x: Array, /) -> Array:
    """Logarithm of ``1 + exp(x)``, without overflow; its derivative is `sigmoid`, 1/2 at 0."""
    xp = array_namespace(x)
    return xp.where(x > 0, x, 0.0) + xp.log1p(xp.exp(minus_magnitude(xp, x)))


@generic
def softplus_pullback(dy: Array, y: Array, /) -> Array:
    """Return ``dy`` times the derivative of `softplus`, given its result."""
    xp = array_namespace(dy, y)
    return -xp.multiply(dy, xp.expm1(-y))


rule(
    softplus,
    pullback=(lambda xp, dy, y, x: softplus_pullback(dy, y),),
    pushforward=(lambda xp, dx, y, x: softplus_pullback(dx, y),),
)


@generic
def squareplus(x: Array, /, *, b: float = 4.0) -> Array:
    """Return ``(x + sqrt(x**2 + b)) / 2``, accurate on the left and without overflow.

    Parameters
    ----------
    x : array
    b : float
        Positive; the nearer to 0, the nearer is `relu`. At 4, as in JAX, the value at 0 is 1.

    Returns
    -------
    array

    References
    ----------
    Barron (2021), arXiv:2112.11687, equation 1
    """
    if not b > 0:
        message = f"`b` must be positive, got {b}"
        raise ValueError(message)
    xp = array_namespace(x)
    z = widen(xp, x)
    a = xp.where(z > 0, z, -z)
    # the sum of two positive numbers; on the left it is the divisor
    total = 0.5 * (a + _distance(xp, a, math.sqrt(b)))
    return narrow(xp, xp.where(z > 0, total, (0.25 * b) / total), x)


def _distance(xp: Any, a: Array, root: float) -> Array:
    """Square root of a**2 + root**2, which is ``a`` in rounded numbers where ``a`` is large."""
    far = a > 1e9 * root
    c = xp.where(far, root, a)
    return xp.where(far, a, xp.sqrt(c * c + root * root))


def _squareplus_slope(x: Array, *, b: float) -> Array:
    xp = array_namespace(x)
    z = widen(xp, x)
    a = xp.where(z > 0, z, -z)
    h = _distance(xp, a, math.sqrt(b))
    return narrow(xp, xp.where(z > 0, 0.5 * (a + h), (0.5 * b) / (a + h)) / h, x)


by_slope(squareplus, _squareplus_slope)


@generic
def log_cosh(x: Array, /) -> Array:
    """Logarithm of the hyperbolic cosine, accurate near 0 and without overflow; its derivative is `tanh`."""
    xp = array_namespace(x)
    z = widen(xp, x)
    a = xp.where(z > 0, z, -z)
    half = xp.sinh(0.5 * xp.where(a > 1.0, 1.0, a))
    far = a - math.log(2) + xp.log1p(xp.exp(-2.0 * a))
    return narrow(xp, xp.where(a > 1.0, far, xp.log1p(2.0 * (half * half))), x)


partials(log_cosh, lambda xp, y, x: xp.tanh(x))
