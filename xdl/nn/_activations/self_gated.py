"""Self-gated activations: a signal times a smooth step of itself, or of another one."""

from typing import Any

from xdl.autodiff import partials, rule
from xdl.core import Array, array_namespace, generic
from xdl.nn._precision import narrow, widen

from .sigmoids import sigmoid
from .slopes import by_slope

__all__ = ["glu", "lisht", "mish", "silu"]


@generic
def silu(x: Array, /) -> Array:
    """Return ``x`` times its `sigmoid`; also called swish. An entry of -inf gives NaN, as in PyTorch and JAX.

    References
    ----------
    Hendrycks & Gimpel (2016), arXiv:1606.08415, section 2
    Ramachandran, Zoph & Le (2017), arXiv:1710.05941 (swish)
    """
    return x * sigmoid(x)


def _silu_slope(x: Array) -> Array:
    s = sigmoid(x)
    return s + (x * s) * (1.0 - s)


@generic
def silu_and_slope(x: Array, /) -> tuple[Array, Array]:
    """Value and derivative of `silu`."""
    return silu.definition(x), _silu_slope(x)


by_slope(silu, _silu_slope, silu_and_slope)


@generic
def mish(x: Array, /) -> Array:
    """Return ``x * tanh(softplus(x))``, without overflow.

    References
    ----------
    Misra (2020), arXiv:1908.08681, equation 1
    """
    xp = array_namespace(x)
    z = widen(xp, x)
    n, _ = _odds(xp, z)
    return narrow(xp, z * (n / (n + 2.0)), x)


def _odds(xp: Any, z: Array) -> tuple[Array, Array]:
    """Return ``n``, where tanh(softplus(z)) = n / (n + 2), and exp(z)."""
    e = xp.exp(xp.where(z > 20.0, 20.0, z))  # the quotient is 1 there
    return e * (e + 2.0), e


def _mish_slope(x: Array) -> Array:
    xp = array_namespace(x)
    z = widen(xp, x)
    n, e = _odds(xp, z)
    q = 2.0 / (n + 2.0)
    # the second term is less than rounding at 20, and falls faster than any power
    c = xp.where(z > 20.0, 20.0, xp.where(z < -200.0, -200.0, z))
    return narrow(xp, n / (n + 2.0) + c * ((q * e) * (q * (e + 1.0))), x)


@generic
def mish_and_slope(x: Array, /) -> tuple[Array, Array]:
    """Value and derivative of `mish`."""
    return mish.definition(x), _mish_slope(x)


by_slope(mish, _mish_slope, mish_and_slope)


@generic
def lisht(x: Array, /) -> Array:
    """Return ``x * tanh(x)``.

    References
    ----------
    Roy, Manna, Dubey & Chaudhuri (2019), arXiv:1901.05894, equation 3
    """
    return x * array_namespace(x).tanh(x)


def _lisht_slope(xp: Any, y: Array, x: Array) -> Array:
    t = xp.tanh(x)
    return t + x * (1.0 - t * t)


partials(lisht, _lisht_slope)


@generic
def glu(x: Array, /, *, axis: int = -1) -> Array:
    """Gated linear unit: the first half of ``x`` times the `sigmoid` of the second half.

    Parameters
    ----------
    x : (..., 2 * n) array
    axis : int
        Axis of even length that is halved.

    Returns
    -------
    (..., n) array

    References
    ----------
    Dauphin, Fan, Auli & Grangier (2017), arXiv:1612.08083, equation 1
    """
    axis = check_glu(x, axis)
    a, b = _halves(x, axis)
    return a * sigmoid(b)


def _glu_pullback(xp: Any, dy: Array, y: Array, x: Array, *, axis: int) -> Array:
    axis %= len(x.shape)
    a, b = _halves(x, axis)
    s = sigmoid(b)
    gated = xp.multiply(dy, s)
    return xp.concat([gated, gated * a * (1.0 - s)], axis=axis)


rule(glu, pullback=(_glu_pullback,))


def check_glu(x: Any, axis: int) -> int:
    """Refuse what has no halves; return the axis counted from the front."""
    ndim = len(x.shape)
    if not -ndim <= axis < ndim:
        message = f"`axis` must be in [{-ndim}, {ndim}), got {axis}"
        raise ValueError(message)
    if x.shape[axis] % 2:
        message = f"expected an even length on axis {axis} of `x`, got shape {tuple(x.shape)}"
        raise ValueError(message)
    return axis % ndim


def _halves(x: Array, axis: int) -> tuple[Array, Array]:
    before, n = (slice(None),) * axis, x.shape[axis] // 2
    return x[(*before, slice(None, n), ...)], x[(*before, slice(n, None), ...)]
