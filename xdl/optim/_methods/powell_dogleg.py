"""Powell's dogleg for sums of squares and equations."""

from typing import Any

from xdl.core import Array, array_namespace
from xdl.optim._gauss import Gauss

__all__ = ["PowellDogleg"]


class PowellDogleg(Gauss):
    """Go down the gradient as far as it pays, then towards the Gauss-Newton step, as far as the region reaches.

    Parameters
    ----------
    first_radius : float
        The first radius is so many times the scaled length of the start, as far as the first step reaches.

    Notes
    -----
    The Jacobian is evaluated at every point, where Powell's hybrid method, and with it MINPACK's ``hybrd``, updates
    an old one: with automatic differentiation it costs a few evaluations, and steps are better.

    References
    ----------
    Powell (1970), "A hybrid method for nonlinear equations"; Nocedal & Wright (2006), section 4.1 and (11.46)
    """

    def within(self, xs: Any, s: Array, b: Array, radius: Any, damping: Any) -> tuple[Array, Any]:
        """Step along the path."""
        xp = array_namespace(s)
        known = s > xs.expand(xs.largest(s) * xs.eps)
        newton = xp.where(known, -b / xp.where(known, s, xp.ones_like(s)), xp.zeros_like(b))
        length = xs.sqrt(xs.dot(newton, newton))
        inside = length <= radius
        if xs.host and inside:
            return newton, 0.0
        grad = s * b
        curved, gg = s * grad, xs.dot(grad, grad)
        norm = xs.sqrt(gg)
        reach = xs.divide(gg * norm, xs.dot(curved, curved))
        short = xs.negate(reach < radius)
        part = xs.minimum(reach, radius)
        cauchy = -xs.expand(xs.divide(part, norm)) * grad
        # the root t of |cauchy + t (newton - cauchy)| = radius, in the form that does not cancel
        d = newton - cauchy
        dd, cd = xs.dot(d, d), xs.dot(cauchy, d)
        room = radius * radius - part * part
        t = xs.divide(room, cd + xs.sqrt(cd * cd + dd * room))
        t = xs.where(short | xs.negate(xs.isfinite(t)), xs.constant(0.0), t)
        q = cauchy + xs.expand(t) * d
        one = xs.constant(1.0)  # a step on the boundary, which is not to make the region grow by itself
        if xs.host:
            return q, one
        return xs.select(inside, newton, q), xs.where(inside, xs.constant(0.0), one)
