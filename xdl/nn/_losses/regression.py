"""Losses of predicted numbers, one for each entry."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic
from xdl.nn._activations.smooth_rectifiers import log_cosh
from xdl.nn._precision import narrow, widen

from .reductions import reduce, weight, wide_pair

__all__ = ["huber_loss", "log_cosh_loss", "mae", "mse", "msle", "smooth_l1_loss"]


@generic
def mse(prediction: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """Squared difference.

    Parameters
    ----------
    prediction, target : array
        Of the same shape; the target is converted to the dtype of the prediction.
    reduction : {"mean", "sum", "none"}
        Mean or sum over all entries, or one loss per entry.

    Returns
    -------
    array
        In the dtype of the prediction, computed in float32 if that is half precision.
    """
    xp, p, t = wide_pair(prediction, target, reduction)
    d = xp.subtract(p, t)
    return narrow(xp, reduce(xp, d * d, reduction), prediction)


def _pull_mse(
    xp: Any, dy: Array, y: Array, wanted: tuple[bool, ...], p: Array, t: Array, *, reduction: str
) -> Any:
    scale = 2 * weight(p.shape) if reduction == "mean" else 2.0
    z = widen(xp, p)
    d = xp.multiply(xp.subtract(z, narrow(xp, t, z)), widen(xp, dy) * scale)
    return d if wanted[0] else None, -d if wanted[1] else None


rule(mse, pullback=_pull_mse)


def mae(prediction: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """Absolute difference; its derivative is 0 where the two are equal.

    Parameters
    ----------
    prediction, target, reduction
        As for `mse`.

    Returns
    -------
    array
    """
    xp, p, t = wide_pair(prediction, target, reduction)
    return narrow(xp, reduce(xp, xp.abs(xp.subtract(p, t)), reduction), prediction)


def msle(prediction: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """Squared difference of ``log(1 + x)``, for numbers above -1 that differ by orders of magnitude.

    Parameters
    ----------
    prediction, target, reduction
        As for `mse`. Scikit-learn and Keras have the same; Flux adds another number than 1.

    Returns
    -------
    array
    """
    xp, p, t = wide_pair(prediction, target, reduction)
    d = xp.subtract(xp.log1p(p), xp.log1p(t))
    return narrow(xp, reduce(xp, d * d, reduction), prediction)


@generic
def huber_loss(prediction: Array, target: Array, /, *, delta: float = 1.0, reduction: str = "mean") -> Array:
    """Half the squared difference up to ``delta``, and beyond it the line that continues smoothly.

    Parameters
    ----------
    prediction, target, reduction
        As for `mse`.
    delta : float
        Positive; also the largest slope.

    Returns
    -------
    array

    References
    ----------
    Huber (1964), Robust estimation of a location parameter, Annals of Mathematical Statistics 35
    """
    return _huber_forward(prediction, target, delta=delta, reduction=reduction)[0]


def _huber_forward(prediction: Array, target: Array, *, delta: float, reduction: str) -> tuple[Array, Array]:
    """Loss, and the slope of each entry."""
    _check_positive("delta", delta)
    xp, p, t = wide_pair(prediction, target, reduction)
    loss, slope = _huber(xp.subtract(p, t), delta)
    return narrow(xp, reduce(xp, loss, reduction), prediction), slope


def _pull_huber(
    xp: Any,
    dy: Array,
    y: Array,
    wanted: tuple[bool, ...],
    p: Array,
    t: Array,
    *,
    delta: float = 1.0,
    reduction: str = "mean",
    saved: Any = None,
) -> Any:
    slope = saved
    if saved is None:
        z = widen(xp, p)
        slope = bounded(xp.subtract(z, narrow(xp, t, z)), bound=delta)
    scale = widen(xp, dy) * weight(p.shape) if reduction == "mean" else widen(xp, dy)
    d = xp.multiply(slope, scale)
    return d if wanted[0] else None, -d if wanted[1] else None


rule(huber_loss, forward=_huber_forward, pullback=_pull_huber)


def smooth_l1_loss(
    prediction: Array, target: Array, /, *, beta: float = 1.0, reduction: str = "mean"
) -> Array:
    """`huber_loss` divided by its ``delta``, here ``beta``, so that the largest slope is 1.

    Parameters
    ----------
    prediction, target, reduction
        As for `mse`.
    beta : float
        Positive; the nearer to 0, the nearer is `mae`.

    Returns
    -------
    array

    References
    ----------
    Girshick (2015), arXiv:1504.08083, equation 3 (``beta`` is 1)
    """
    _check_positive("beta", beta)
    xp, p, t = wide_pair(prediction, target, reduction)
    return narrow(xp, reduce(xp, _huber(xp.subtract(p, t), beta)[0] / beta, reduction), prediction)


def _huber(d: Array, delta: float) -> tuple[Array, Array]:
    """Loss of each difference, and its derivative."""
    c = bounded(d, bound=delta)
    return c * (d - 0.5 * c), c


@generic
def bounded(x: Array, /, *, bound: float) -> Array:
    """Entries of ``x``, those beyond ``bound`` and ``-bound`` there."""
    return array_namespace(x).clip(x, -bound, bound)


def log_cosh_loss(prediction: Array, target: Array, /, *, reduction: str = "mean") -> Array:
    """Logarithm of the hyperbolic cosine of the difference: half its square near 0, then its magnitude less log 2.

    Parameters
    ----------
    prediction, target, reduction
        As for `mse`.

    Returns
    -------
    array
    """
    xp, p, t = wide_pair(prediction, target, reduction)
    return narrow(xp, reduce(xp, log_cosh(xp.subtract(p, t)), reduction), prediction)


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        message = f"`{name}` must be positive, got {value}"
        raise ValueError(message)
