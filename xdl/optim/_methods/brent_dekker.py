"""Brent's method for zeros, after Dekker."""

from typing import Any

from xdl.optim._bracketing import Bracketing

__all__ = ["BrentDekker"]


class BrentDekker(Bracketing):
    """Interpolate as long as that shrinks the steps, else halve the interval.

    References
    ----------
    Dekker (1969); Brent (1973), "Algorithms for minimization without derivatives", chapter 4
    """

    def begin_with(self, xs: Any, b: Any, c: Any) -> Any:
        """The last point and the value there, the last step, and the one before it."""
        return c, xs.constant(0.0), c - b, c - b

    def propose(self, xs: Any, memory: Any, tol: Any) -> tuple[Any, Any]:
        """Interpolate by the inverse parabola through three points, or the line through two."""
        b, fb, c, fc, (a, fa, d, e) = memory
        half = 0.5 * (c - b)
        linear = (a == c) | (fa == fc) | (fa == fb)
        s = xs.divide(fb, xs.where(linear, fc, fa))
        q, r = xs.divide(fa, fc), xs.divide(fb, fc)
        p = xs.where(linear, 2.0 * half * s, s * (2.0 * half * q * (q - r) - (b - a) * (r - 1.0)))
        bottom = xs.where(linear, 1.0 - s, (q - 1.0) * (r - 1.0) * (s - 1.0))
        bottom = xs.where(p > 0, -bottom, bottom)
        p = xs.abs(p)
        limit = xs.minimum(3.0 * half * bottom - xs.abs(tol * bottom), xs.abs(e * bottom))
        worth = (xs.abs(e) >= tol) & (xs.abs(fa) > xs.abs(fb)) & (2.0 * p < limit)
        step = xs.divide(p, bottom)
        worth = worth & xs.isfinite(step)
        return xs.where(worth, step, half), (a, fa, xs.where(worth, step, half), xs.where(worth, d, half))

    def learn(self, xs: Any, own: Any, before: Any, after: Any, swapped: Any, crossed: Any) -> Any:
        """The last point is the old better end, or the new point, if that is the worse one."""
        _, _, d, e = own
        (b, fb), (t, ft) = before, after
        a, fa = xs.select(swapped, (t, ft), (b, fb))
        return a, fa, xs.where(crossed, t - b, d), xs.where(crossed, t - b, e)
