"""The secant method for equations in one unknown."""

from typing import Any

from xdl.core import Array, array_namespace
from xdl.optim._methods.picard import Picard

__all__ = ["Secant"]


class Secant(Picard):
    """Go to the zero of the line through the last two points; entry by entry, if there are several unknowns.

    Parameters
    ----------
    damping : float
        Part of the way to that zero.
    first : float
        The first step is so long, times one more than the modulus of the start.

    References
    ----------
    Burden & Faires (2011), "Numerical analysis", algorithm 2.4
    """

    first: float = 1e-4

    def start(self, x: Array, r: Array) -> Any:
        """Residuals, and the last step with the residuals before it, none yet."""
        return r, array_namespace(x).zeros_like(x), r

    def move(self, xs: Any, x: Array, memory: Any) -> tuple[Array, Any]:
        """Next point, and the memory but for its residuals."""
        xp = array_namespace(x)
        r, step, before = memory
        change = r - before
        known = change != 0
        newton = -step * r / xp.where(known, change, xp.ones_like(r))
        # where the values of two points are equal, no line says where to go
        dx = xp.where(known, self.damping * newton, self.first * (1.0 + xp.abs(x)))
        dx = xp.where(r == 0, xp.zeros_like(r), dx)
        return x + dx, (dx, r)
