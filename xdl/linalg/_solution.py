"""What an iteration returns, and why it ended."""

import enum
from typing import Any

from xdl.core import Array, Module, to_numpy

__all__ = ["Outcome", "Solution"]


class Outcome(enum.IntEnum):
    """Why an iteration ended, as a number that arrays can hold."""

    RUNNING = -1
    CONVERGED = 0
    MAX_ITERATIONS = 1
    BREAKDOWN = 2
    NOT_FINITE = 3

    @property
    def message(self) -> str:
        """The reason in words."""
        return _MESSAGES[self]


_MESSAGES = {
    Outcome.RUNNING: "still running",
    Outcome.CONVERGED: "converged: the residual is as small as was asked for",
    Outcome.MAX_ITERATIONS: "not converged: the largest number of iterations was reached",
    Outcome.BREAKDOWN: "not converged: the operator or its preconditioner is not as the method needs it (for "
    "conjugate gradients positive definite), or singular",
    Outcome.NOT_FINITE: "not converged: a product is infinite or NaN",
}


class Solution(Module):
    """Where an iteration ended.

    Parameters
    ----------
    x : (..., n) array or pytree
        The solution, like the right-hand side; the last finite iterate, if the iteration did not converge.
    residual : (...) array
        Norm of ``b - A x``, as the iteration knows it.
    iterations : (...) integer array
        Products with the operator.
    status : (...) integer array
        An `Outcome`.
    """

    x: Any
    residual: Array
    iterations: Array
    status: Array

    @property
    def success(self) -> Any:
        """Whether the iteration converged; for a batch a boolean array."""
        good = self.status == int(Outcome.CONVERGED)
        return good if self.status.ndim else bool(good)

    @property
    def message(self) -> str:
        """The reason in words; for a batch, how often each occurred."""
        codes = to_numpy(self.status).reshape(-1).tolist()
        if not self.status.ndim:
            return Outcome(codes[0]).message
        return "; ".join(f"{codes.count(c)} {Outcome(c).message}" for c in sorted(set(codes)))
