"""Sigmoids: smooth steps, and the logarithm of one."""

from typing import Any

from xdl.autodiff import partials, rule
from xdl.core import Array, array_namespace, generic

__all__ = ["log_sigmoid", "minus_magnitude", "sigmoid", "softsign", "tanh"]


@generic
def sigmoid(x: Array, /) -> Array:
    """Logistic function ``1 / (1 + exp(-x))``, accurate in both tails and without overflow.

    Scaled to lie between -1 and 1, ``2 * sigmoid(x) - 1``, it is ``tanh(x / 2)``.
    """
    xp = array_namespace(x)
    e = xp.exp(minus_magnitude(xp, x))
    return xp.where(x > 0, 1.0, e) / (1.0 + e)


@generic
def sigmoid_pullback(dy: Array, y: Array, /) -> Array:
    """Return ``dy`` times the derivative of `sigmoid`, given its result."""
    return array_namespace(dy, y).multiply(dy, y * (1.0 - y))


rule(
    sigmoid,
    pullback=(lambda xp, dy, y, x: sigmoid_pullback(dy, y),),
    pushforward=(lambda xp, dx, y, x: sigmoid_pullback(dx, y),),
)


def minus_magnitude(xp: Any, x: Array) -> Array:
    """Return ``-|x|`` with the slope of one side at 0, where that of the absolute value is 0."""
    return xp.where(x > 0, -x, x)


@generic
def tanh(x: Array, /) -> Array:
    """Hyperbolic tangent."""
    return array_namespace(x).tanh(x)


@generic
def tanh_pullback(dy: Array, y: Array, /) -> Array:
    """Return ``dy`` times the derivative of `tanh`, given its result."""
    return array_namespace(dy, y).multiply(dy, 1.0 - y * y)


rule(
    tanh,
    pullback=(lambda xp, dy, y, x: tanh_pullback(dy, y),),
    pushforward=(lambda xp, dx, y, x: tanh_pullback(dx, y),),
)


@generic
def log_sigmoid(x: Array, /) -> Array:
    """Logarithm of `sigmoid`, without overflow: a log-probability."""
    xp = array_namespace(x)
    return xp.where(x > 0, 0.0, x) - xp.log1p(xp.exp(minus_magnitude(xp, x)))


@generic
def log_sigmoid_pullback(dy: Array, y: Array, /) -> Array:
    """Return ``dy`` times the derivative of `log_sigmoid`, given its result."""
    xp = array_namespace(dy, y)
    return -xp.multiply(dy, xp.expm1(y))


rule(
    log_sigmoid,
    pullback=(lambda xp, dy, y, x: log_sigmoid_pullback(dy, y),),
    pushforward=(lambda xp, dx, y, x: log_sigmoid_pullback(dx, y),),
)


@generic
def softsign(x: Array, /) -> Array:
    """Return ``x / (1 + |x|)``.

    References
    ----------
    Bergstra, Desjardins, Lamblin & Bengio (2009), Quadratic polynomials learn better image features
    """
    return x / (1.0 + array_namespace(x).abs(x))


partials(softsign, lambda xp, y, x: (1.0 / (1.0 + xp.abs(x))) ** 2)
