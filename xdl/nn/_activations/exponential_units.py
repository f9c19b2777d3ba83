"""Exponential linear units: a straight line on the right, an exponential that levels off on the left."""

from typing import Any

from xdl.core import Array, array_namespace, generic

from .slopes import by_slope

__all__ = ["celu", "elu", "exponential_unit", "selu"]

# The fixed point of mean 0 and variance 1.
SCALE = 1.0507009873554804934
ALPHA = 1.6732632423543772848


def elu(x: Array, /, *, alpha: float = 1.0) -> Array:
    """Return ``x`` where it is positive, else ``alpha * (exp(x) - 1)``.

    Parameters
    ----------
    x : array
    alpha : float
        Also the derivative at 0.

    Returns
    -------
    array

    References
    ----------
    Clevert, Unterthiner & Hochreiter (2016), arXiv:1511.07289, equation 15
    """
    return exponential_unit(x, positive=1.0, negative=alpha, rate=1.0)


def selu(x: Array, /) -> Array:
    """Scaled `elu`, which draws signals to mean 0 and variance 1; its derivative at 0 is that on the left.

    References
    ----------
    Klambauer, Unterthiner, Mayr & Hochreiter (2017), arXiv:1706.02515, equation 2
    """
    return exponential_unit(x, positive=SCALE, negative=SCALE * ALPHA, rate=1.0)


def celu(x: Array, /, *, alpha: float = 1.0) -> Array:
    """Return ``x`` where it is positive, else ``alpha * (exp(x / alpha) - 1)``: `elu` without its kink.

    Parameters
    ----------
    x : array
    alpha : float
        Not 0.

    Returns
    -------
    array

    References
    ----------
    Barron (2017), arXiv:1704.07483, equation 2
    """
    if alpha == 0:
        message = "`alpha` must not be 0"
        raise ValueError(message)
    return exponential_unit(x, positive=1.0, negative=alpha, rate=1 / alpha)


@generic
def exponential_unit(x: Array, /, *, positive: float, negative: float, rate: float) -> Array:
    """Return ``positive * x`` where ``x`` is positive, else ``negative * (exp(rate * x) - 1)``."""
    xp = array_namespace(x)
    return xp.where(x > 0, positive * x, negative * xp.expm1(rate * xp.where(x > 0, 0.0, x)))


def _slope(x: Array, *, positive: float, negative: float, rate: float) -> Array:
    xp: Any = array_namespace(x)
    e = xp.exp(rate * xp.where(x > 0, 0.0, x))
    return xp.where(x > 0, positive, (negative * rate) * e)


@generic
def exponential_unit_and_slope(
    x: Array, /, *, positive: float, negative: float, rate: float
) -> tuple[Array, Array]:
    """Value and derivative of `exponential_unit`."""
    options = {"positive": positive, "negative": negative, "rate": rate}
    return exponential_unit.definition(x, **options), _slope(x, **options)


by_slope(exponential_unit, _slope, exponential_unit_and_slope)
