"""Shrinkage: entries near 0 become 0."""

from typing import Any

from xdl.autodiff import partials, rule
from xdl.core import Array, array_namespace, generic

from .rectifiers import gate

__all__ = ["hard_shrink", "soft_shrink", "tanh_shrink"]


@generic
def soft_shrink(x: Array, /, *, bound: float = 0.5) -> Array:
    """Return ``x`` moved towards 0 by ``bound``, and 0 within it: the proximal map of the absolute value.

    Parameters
    ----------
    x : array
    bound : float
        At least 0. The derivative at the bounds is 0.

    Returns
    -------
    array

    References
    ----------
    Donoho (1995), De-noising by soft-thresholding, IEEE Transactions on Information Theory 41, equation 1
    """
    check_bound(bound)
    where = array_namespace(x).where
    return x - where(x > bound, bound, where(x < -bound, -bound, x))


@generic
def hard_shrink(x: Array, /, *, bound: float = 0.5) -> Array:
    """Return ``x``, or 0 where it is within ``bound`` of 0.

    Parameters
    ----------
    x : array
    bound : float
        At least 0. The derivative at the bounds is 0.

    Returns
    -------
    array

    References
    ----------
    Donoho & Johnstone (1994), Ideal spatial adaptation by wavelet shrinkage, Biometrika 81, section 2.3
    """
    check_bound(bound)
    return array_namespace(x).where((x >= -bound) & (x <= bound), 0.0, x)


def _pull(xp: Any, dy: Array, y: Array, x: Array, *, bound: float) -> Array:
    # a result that is not 0 is outside of the bounds
    return gate(dy, xp.abs(y))


for _function in (soft_shrink, hard_shrink):
    rule(_function, pullback=(_pull,), pushforward=(_pull,))


@generic
def tanh_shrink(x: Array, /) -> Array:
    """Return ``x - tanh(x)``."""
    return x - array_namespace(x).tanh(x)


partials(tanh_shrink, lambda xp, y, x: xp.tanh(x) ** 2)


def check_bound(bound: float) -> None:
    """Refuse negative bounds."""
    if not bound >= 0:
        message = f"`bound` must be at least 0, got {bound}"
        raise ValueError(message)
