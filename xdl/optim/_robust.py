"""Losses of residuals that let outliers count for less, as functions of the squared residual."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace

__all__ = ["LOSSES", "Loss"]

# z = (r / scale)^2 -> rho(z) and its first and second derivatives
Loss = Callable[[Array], tuple[Array, Array, Array]]


def huber(z: Array) -> tuple[Array, Array, Array]:
    """Square up to 1, then linear."""
    xp = array_namespace(z)
    one, inner = xp.ones_like(z), z <= 1
    t = xp.sqrt(xp.where(inner, one, z))
    return (
        xp.where(inner, z, 2 * t - 1),
        1 / t,
        xp.where(inner, xp.zeros_like(z), -0.5 / (t * t * t)),
    )


def soft_l1(z: Array) -> tuple[Array, Array, Array]:
    """Smooth bridge from the square to the modulus."""
    t = array_namespace(z).sqrt(1 + z)
    return 2 * z / (1 + t), 1 / t, -0.5 / (t * t * t)


def cauchy(z: Array) -> tuple[Array, Array, Array]:
    """Logarithm of the square, for large residuals."""
    t = 1 + z
    return array_namespace(z).log1p(z), 1 / t, -1 / (t * t)


def arctan(z: Array) -> tuple[Array, Array, Array]:
    """Bounded."""
    t = 1 + z * z
    return array_namespace(z).atan(z), 1 / t, -2 * z / (t * t)


LOSSES: dict[str, Any] = {
    "linear": None,
    "huber": huber,
    "soft_l1": soft_l1,
    "cauchy": cauchy,
    "arctan": arctan,
}
