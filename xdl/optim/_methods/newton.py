"""Newton's method with a line search."""

from typing import Any

from xdl import linalg
from xdl.core import array_namespace
from xdl.core._namespace import device_of
from xdl.optim._descent import Descent, Move
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._search import LineSearch
from xdl.optim._searches.more_thuente import MoreThuente

__all__ = ["Newton"]


class Newton(Descent):
    """Newton's method: steps to the minimum of the quadratic model, shortened or lengthened by a line search.

    Parameters
    ----------
    search : LineSearch
        The line search; ``Fixed()`` gives the pure method.
    damping : float
        What is added to the diagonal of the Hessian, as Levenberg does.

    Raises
    ------
    ValueError
        If the damping is negative.

    Notes
    -----
    Where the Hessian is not positive definite, `xdl.linalg.modified_cholesky` makes it so, and the direction
    descends, away from saddle points too. It is given as ``hessian=``, or by as many products as there are
    parameters.

    References
    ----------
    Nocedal & Wright (2006), algorithm 3.2 and section 3.4; Levenberg (1944)
    """

    search: LineSearch = MoreThuente()
    damping: float = 0.0

    natural = True

    def __init__(self, search: LineSearch = MoreThuente(), damping: float = 0.0) -> None:  # noqa: B008
        if not damping >= 0:
            message = f"`damping` must not be negative, got {damping!r}"
            raise ValueError(message)
        self.search, self.damping = search, damping

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Newton's direction."""
        H = problem.hessian(point.x)
        if self.damping:
            xp = array_namespace(H)
            H = H + self.damping * xp.eye(problem.flat.size, dtype=H.dtype, device=device_of(H))
        p = -linalg.cho_solve(linalg.modified_cholesky(H), point.grad)
        return Move(p, memory, problem.flat.size if problem.given_hessian is None else 0)
