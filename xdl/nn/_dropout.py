"""Dropout."""

from xdl.autodiff import linear
from xdl.core import Array, array_namespace, generic, random

__all__ = ["dropout"]


def dropout(x: Array, key: Array, /, *, rate: float) -> Array:
    """Set a random part of ``x`` to zero and scale the rest, so that the expectation stays.

    Parameters
    ----------
    x : array
    key : (2,) array of uint32
        The same key drops the same entries on every backend.
    rate : float
        Probability that an entry is dropped, in [0, 1]. At 0 the result is ``x`` itself; at 1 it is
        zeros, even where ``x`` is infinite or NaN.

    Returns
    -------
    array of the shape and dtype of x

    References
    ----------
    Srivastava et al. (2014), Dropout, JMLR 15, section 10 (scaling during training)
    """
    check_rate(rate)
    if rate == 0:
        return x
    if rate == 1:
        return array_namespace(x).zeros_like(x)
    return select_scaled(x, random.bernoulli(key, 1 - rate, x.shape), scale=1 / (1 - rate))


@generic
def select_scaled(x: Array, keep: Array, /, *, scale: float) -> Array:
    """Multiply ``x`` by ``scale`` where ``keep`` is true; the rest is zero."""
    return array_namespace(x, keep).where(keep, x * scale, 0.0)


linear(select_scaled, lambda xp, dy, x, keep, *, scale: select_scaled(dy, keep, scale=scale))


def check_rate(rate: float) -> None:
    """Refuse what is no probability."""
    if not 0 <= rate <= 1:
        message = f"`rate` must be in [0, 1], got {rate}"
        raise ValueError(message)
