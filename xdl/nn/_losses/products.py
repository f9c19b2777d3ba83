"""Products with a logarithm, where 0 log 0 = 0."""

import math

from xdl.core import Array, array_namespace

__all__ = ["xlogx", "xlogy"]


def xlogx(x: Array, /) -> Array:
    """Return ``x * log(x)``, which is 0 at 0.

    Its derivative there is taken for 0 instead of -inf, so that entries of probability 0 take no part in
    the gradient of an entropy.
    """
    xp = array_namespace(x)
    return x * xp.log(xp.where(x == 0, 1.0, x))


def xlogy(x: Array, y: Array, /) -> Array:
    """Return ``x * log(y)``, which is 0 where ``x`` is 0, as in SciPy.

    Parameters
    ----------
    x, y : array
        Of shapes that broadcast. Where ``x`` is 0 and the logarithm is not finite, both derivatives are 0.

    Returns
    -------
    array
    """
    xp = array_namespace(x, y)
    odd = xp.logical_and(x == 0, xp.logical_or(y <= 0, y == math.inf))
    return xp.multiply(x, xp.log(xp.where(odd, 1.0, y)))
