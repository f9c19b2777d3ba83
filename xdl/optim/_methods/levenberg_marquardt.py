"""Levenberg and Marquardt's method, as Moré implements it."""

from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._gauss import Gauss

__all__ = ["LevenbergMarquardt"]


class LevenbergMarquardt(Gauss):
    """Minimize the linearized residuals within an ellipsoid, by the multiplier that belongs to its radius.

    Parameters
    ----------
    first_radius : float
        The first radius is so many times the scaled length of the start, as far as the first step reaches.

    Notes
    -----
    The axes are scaled by the largest norms so far of the columns of the Jacobian, so that the steps do not
    depend on the units of the parameters. The multiplier is found in the basis of the singular vectors of the
    scaled Jacobian ``J``. They are computed once for each point, where MINPACK factors an augmented matrix for each
    multiplier that it tries; both keep the accuracy that forming ``J'J`` would lose, and a Jacobian of
    deficient rank needs no exception.

    References
    ----------
    Levenberg (1944); Marquardt (1963); Moré (1978), "The Levenberg-Marquardt algorithm: implementation and
    theory", algorithms 5.5 and 7.1
    """

    slack: ClassVar[float] = 0.1  # how exactly the radius is met
    rounds: ClassVar[int] = 8

    def within(self, xs: Any, s: Array, b: Array, radius: Any, damping: Any) -> tuple[Array, Any]:
        """Gauss-Newton step if it is short enough, else the one on the boundary."""
        xp = array_namespace(s)
        # Below the rounding of the largest singular value, directions are taken to be free.
        cut = xs.expand(xs.largest(s) * xs.eps)
        known = s > cut
        safe = xp.where(known, s, xp.ones_like(s))
        q = xp.where(known, -b / safe, xp.zeros_like(b))
        length = xs.sqrt(xs.dot(q, q))
        inside = length <= (1.0 + self.slack) * radius
        if xs.host and inside:
            return q, 0.0
        found, gradient = xs.constant(0.0), s * b
        for _ in range(self.rounds):
            far = xs.abs(length - radius) > self.slack * radius
            if xs.host and not far:
                break
            # Newton's step for 1 / |q| - 1 / radius, which is concave in the multiplier: none goes too far
            w = q * q / xp.where(known, safe * safe + xs.expand(found), xp.ones_like(s))
            change = xs.divide(length * length * (length - radius), xs.number(xp.sum(w, axis=-1)) * radius)
            change = xs.where(far & xs.isfinite(change), change, xs.constant(0.0))
            found = xs.maximum(found + change, 0.0)
            q = xp.where(known, -gradient / (safe * safe + xs.expand(found)), xp.zeros_like(b))
            length = xs.sqrt(xs.dot(q, q))
        if xs.host:
            return q, found
        newton = xp.where(known, -b / safe, xp.zeros_like(b))
        return xs.select(inside, newton, q), xs.where(inside, xs.constant(0.0), found)
