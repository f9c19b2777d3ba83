"""Bisection."""

from typing import Any

from xdl.optim._bracketing import Bracketing

__all__ = ["Bisection"]


class Bisection(Bracketing):
    """Halve the interval in which the function changes its sign.

    References
    ----------
    Burden & Faires (2011), "Numerical analysis", algorithm 2.1
    """

    def propose(self, xs: Any, memory: Any, tol: Any) -> tuple[Any, Any]:
        """Half the interval."""
        b, _, c, _, own = memory
        return 0.5 * (c - b), own
