"""Activations of straight pieces between two bounds, outside of which, and on which, the derivative is that of the end."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

__all__ = ["hard_sigmoid", "hard_silu", "hard_tanh", "inside", "relu6", "step"]


@generic
def relu6(x: Array, /) -> Array:
    """Return ``x`` cut off below 0 and above 6; its derivative at 0 and 6 is 0.

    References
    ----------
    Howard et al. (2017), arXiv:1704.04861
    """
    return _between(x, 0.0, 6.0)


@generic
def hard_tanh(x: Array, /, *, low: float = -1.0, high: float = 1.0) -> Array:
    """Return ``x`` cut off below ``low`` and above ``high``; its derivative at the bounds is 0.

    References
    ----------
    Collobert (2004), Large scale machine learning
    """
    if not low <= high:
        message = f"expected `low` <= `high`, got {low} and {high}"
        raise ValueError(message)
    return _between(x, low, high)


@generic
def hard_sigmoid(x: Array, /) -> Array:
    """Return ``(x + 3) / 6`` cut off below 0 and above 1; its derivative at -3 and 3 is 0.

    References
    ----------
    Howard et al. (2019), arXiv:1905.02244, section 5.2. Courbariaux et al. (2015) have slope 1/5.
    """
    return _between(x + 3.0, 0.0, 6.0) * (1 / 6)


@generic
def hard_silu(x: Array, /) -> Array:
    """Return ``x`` times its `hard_sigmoid`; also called hard swish. Its derivative is 0 at -3 and 1 at 3.

    References
    ----------
    Howard et al. (2019), arXiv:1905.02244, section 5.2
    """
    xp = array_namespace(x)
    c = _between(x, -3.0, 3.0)
    return xp.where(x >= 3.0, x, c * ((c + 3.0) * (1 / 6)))


def _between(x: Array, low: float, high: float) -> Array:
    where = array_namespace(x).where
    return where(x <= low, low, where(x >= high, high, x))


@generic
def inside(dy: Array, x: Array, /, *, low: float, high: float, slope: float = 1.0) -> Array:
    """Return ``dy * slope`` where ``x`` is between the bounds, else 0."""
    xp = array_namespace(dy, x)
    return xp.where((x > low) & (x < high), dy if slope == 1 else dy * slope, 0.0)


def _cut(function: Any, slope: float, **bounds: float) -> None:
    def along(xp: Any, d: Array, y: Array, x: Array, **options: float) -> Array:
        return inside(d, x, **(bounds | options), slope=slope)

    rule(function, pullback=(along,), pushforward=(along,))


_cut(relu6, 1.0, low=0.0, high=6.0)
_cut(hard_tanh, 1.0)
_cut(hard_sigmoid, 1 / 6, low=-3.0, high=3.0)


@generic
def hard_silu_pullback(dy: Array, x: Array, /) -> Array:
    """Return ``dy`` times the derivative of `hard_silu`."""
    xp = array_namespace(dy, x)
    c = _between(x, -3.0, 3.0)
    return xp.where(x <= -3.0, 0.0, xp.where(x >= 3.0, dy, xp.multiply(dy, (2.0 * c + 3.0) * (1 / 6))))


rule(
    hard_silu,
    pullback=(lambda xp, dy, y, x: hard_silu_pullback(dy, x),),
    pushforward=(lambda xp, dx, y, x: hard_silu_pullback(dx, x),),
)


@generic
def step(x: Array, /) -> Array:
    """Return 1 where ``x`` is at least 0, else -1: the perceptron's unit. Its derivative is 0.

    References
    ----------
    Rosenblatt (1958), The perceptron, Psychological Review 65
    """
    xp = array_namespace(x)
    return xp.where(x >= 0, 1.0, xp.where(x < 0, -1.0, x))
