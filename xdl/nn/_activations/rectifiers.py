"""Rectifiers: functions of two straight pieces that meet at 0, where the derivative is that on the left."""

from typing import Any

from xdl.autodiff import partials, rule
from xdl.core import Array, array_namespace, generic, random

__all__ = ["gate", "leaky_relu", "prelu", "relu", "rrelu", "threshold"]


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
def threshold(x: Array, /, *, threshold: float, value: float = 0.0) -> Array:
    """Return ``x`` where it is above ``threshold``, else ``value``: by default the thresholded rectifier.

    Parameters
    ----------
    x : array
    threshold : float
        The derivative there is 0.
    value : float

    Returns
    -------
    array

    References
    ----------
    Konda, Memisevic & Krueger (2015), arXiv:1402.3337, section 3 (``threshold=1``)
    """
    return array_namespace(x).where(x <= threshold, value, x)


rule(
    threshold,
    pullback=(lambda xp, dy, y, x, *, threshold, value: gate(dy, x - threshold),),
    pushforward=(lambda xp, dx, y, x, *, threshold, value: gate(dx, x - threshold),),
)


@generic
def leaky_relu(x: Array, /, *, negative_slope: float = 0.01) -> Array:
    """Return ``x`` where it is positive, else ``negative_slope * x``.

    Parameters
    ----------
    x : array
    negative_slope : float
        Also the derivative at 0, as in PyTorch; in JAX that is 1.

    Returns
    -------
    array

    References
    ----------
    Maas, Hannun & Ng (2013), Rectifier nonlinearities improve neural network acoustic models, equation 2
    """
    return array_namespace(x).where(x > 0, x, negative_slope * x)


@generic
def leaky_gate(dy: Array, x: Array, /, *, negative_slope: float) -> Array:
    """Return ``dy`` where ``x`` is positive, else ``negative_slope * dy``."""
    return array_namespace(dy, x).where(x > 0, dy, negative_slope * dy)


rule(
    leaky_relu,
    pullback=(lambda xp, dy, y, x, **options: leaky_gate(dy, x, **options),),
    pushforward=(lambda xp, dx, y, x, **options: leaky_gate(dx, x, **options),),
)


@generic
def prelu(x: Array, slope: Array, /) -> Array:
    """Return ``x`` where it is positive, else ``slope * x`` with a learned slope.

    Parameters
    ----------
    x : (..., n) array
    slope : () or (n,) array
        One slope, or one for each channel, of the dtype of ``x``; also the derivative at 0.

    Returns
    -------
    (..., n) array

    Raises
    ------
    ValueError
        If the slope has another shape; nothing else is broadcast.
    TypeError
        If the dtypes differ.

    References
    ----------
    He et al. (2015), arXiv:1502.01852, equation 1
    """
    check_prelu(x, slope)
    xp = array_namespace(x, slope)
    return xp.where(x > 0, x, xp.multiply(slope, x))


partials(
    prelu,
    lambda xp, y, x, slope: xp.where(x > 0, 1.0, xp.broadcast_to(slope, x.shape)),
    lambda xp, y, x, slope: xp.where(x > 0, 0.0, x),
)


def check_prelu(x: Any, slope: Any) -> None:
    """Refuse slopes that do not fit."""
    if slope.shape != () and (len(slope.shape) != 1 or tuple(x.shape[-1:]) != tuple(slope.shape)):
        message = f"expected `slope` of shape () or {tuple(x.shape[-1:])} for `x` of shape {tuple(x.shape)}, "
        raise ValueError(message + f"got {tuple(slope.shape)}")
    if slope.dtype != x.dtype:
        message = f"expected `x` and `slope` of one dtype, got {x.dtype} and {slope.dtype}"
        raise TypeError(message)


def rrelu(x: Array, key: Array | None = None, /, *, lower: float = 1 / 8, upper: float = 1 / 3) -> Array:
    """Return ``x`` where it is positive, else a random part of it.

    Parameters
    ----------
    x : array
    key : (2,) array of uint32, optional
        For training: the slopes are drawn, one per entry, uniformly between the bounds. Without a key,
        for inference, the slope is the mean of the bounds.
    lower, upper : float
        Bounds of the slope.

    Returns
    -------
    array

    References
    ----------
    Xu, Wang, Chen & Li (2015), arXiv:1505.00853, section 3.4
    """
    if not lower <= upper:
        message = f"expected `lower` <= `upper`, got {lower} and {upper}"
        raise ValueError(message)
    if key is None:
        return leaky_relu(x, negative_slope=(lower + upper) / 2)
    xp = array_namespace(x, key)
    slope = lower + (upper - lower) * random.uniform(key, x.shape, dtype=x.dtype)
    return xp.where(x > 0, x, xp.multiply(slope, x))
