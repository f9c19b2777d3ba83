"""Pooling by the norm of each window."""

import math
from typing import Any

from xdl.core import Array, array_namespace

from ._avg_pool import avg_pool
from ._geometry import Padding, Sizes
from ._precision import narrow, widen

__all__ = ["lp_pool"]


def lp_pool(
    x: Array,
    window: int | Sizes,
    p: float,
    /,
    *,
    stride: int | Sizes | None = None,
    padding: Padding = "valid",
    dilation: int | Sizes = 1,
) -> Array:
    """Norm of each window: the p-th root of the sum of the p-th powers of magnitudes.

    Parameters
    ----------
    x : (n, *spatial, c) array of real numbers
        One to three spatial axes.
    window : int or tuple of int
        Sizes of the window, one for all axes or for each.
    p : float
        Which norm, positive: 1 sums, 2 is the Euclidean norm; the larger, the nearer to `max_pool`.
    stride, padding, dilation
        As for `avg_pool`; PyTorch and Flux have fewer of them.

    Returns
    -------
    (n, *output, c) array
        Computed in float32 if the dtype is half precision. The derivative where all of a window is zero is zero.

    Raises
    ------
    ValueError
        If the shapes or options do not fit.
    TypeError
        If the dtype is not real floating-point.

    Notes
    -----
    A norm, also of negative numbers and for odd ``p``; ``torch.nn.functional.lp_pool2d`` and Flux's ``LPPool`` take
    the powers of the numbers with their signs, which gives the same for even ``p`` and for positive ``x`` alone.

    References
    ----------
    Gulcehre et al. (2014), Learned-norm pooling, arXiv:1311.1780 (there with the mean of the powers)
    """
    xp = array_namespace(x)
    check_norm(p)
    powers = _powers(xp, widen(xp, x), p)
    mean = avg_pool(powers, window, stride=stride, padding=padding, dilation=dilation)
    ndim = len(x.shape) - 2
    return narrow(
        xp, _root(xp, mean * (math.prod(window) if isinstance(window, tuple) else window**ndim), p), x
    )


def _powers(xp: Any, x: Array, p: float) -> Array:
    if p % 2 == 0:
        return x ** int(p)  # smooth at zero
    magnitude = xp.where(
        x == 0, 0.0, xp.abs(x)
    )  # libraries differ on the slope of abs at zero; here it is zero
    return magnitude if p == 1 else magnitude**p


def _root(xp: Any, s: Array, p: float) -> Array:
    if p == 1:
        return s
    zero = s == 0  # where the root has no derivative
    s = xp.where(zero, 1.0, s)
    return xp.where(zero, 0.0, xp.sqrt(s) if p == 2 else s ** (1 / p))


def check_norm(p: float) -> None:
    """Refuse what is no exponent."""
    if not 0 < p < math.inf:
        message = f"`p` must be positive and finite, got {p}; for the largest magnitude use max_pool(abs(x))"
        raise ValueError(message)
