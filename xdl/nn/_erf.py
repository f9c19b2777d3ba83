"""Complementary error function, which the array API standard lacks."""

import math
from typing import Any

from xdl.autodiff import partials
from xdl.core import Array, array_namespace, generic

__all__ = ["erfc"]

# Numerators and denominators of Cody's rational approximations, highest power first.
NEAR = (
    (
        1.85777706184603153e-1,
        3.16112374387056560,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
FAR = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242,
        1.87295284992346725,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)


@generic
def erfc(x: Array, /) -> Array:
    """Complementary error function of a float32 or float64 array, to a few units in the last place.

    References
    ----------
    Cody (1969), Rational Chebyshev approximations for the error function, Math. Comp. 23
    """
    xp = array_namespace(x)
    a = xp.where(x < 0, -x, x)
    near, far = a <= 0.46875, a > 4.0
    # Each formula sees only arguments of its own interval, so that none overflows, here or in a derivative.
    u = xp.where(near, a, 0.0)
    center = 1.0 - xp.where(near, x, 0.0) * _ratio(u * u, *NEAR)
    v = xp.where(near | far, 1.0, a)
    # exp(-a * a) with the square split, or its rounding error would be magnified
    w = xp.where(near, 0.0, xp.where(a > 28.0, 28.0, a))
    coarse = xp.floor(w * 16.0) / 16.0
    decay = xp.exp(-coarse * coarse) * xp.exp(-(w - coarse) * (w + coarse))
    t = xp.where(far, w, 4.0)
    s = 1.0 / (t * t)
    tail = xp.where(far, (1 / math.sqrt(math.pi) - s * _ratio(s, *FAR)) / t, _ratio(v, *MIDDLE)) * decay
    return xp.where(near, center, xp.where(x < 0, 2.0 - tail, tail))


partials(erfc, lambda xp, y, x: -2 / math.sqrt(math.pi) * xp.exp(-x * x))


def _ratio(x: Array, numerator: tuple[float, ...], denominator: tuple[float, ...]) -> Any:
    return _polynomial(x, numerator) / _polynomial(x, denominator)


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Any:
    y = coefficients[0] * x + coefficients[1]
    for c in coefficients[2:]:
        y = y * x + c
    return y
