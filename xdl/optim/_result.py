"""What a minimizer returns."""

from typing import Any

from xdl.core import Array, Module, static, to_numpy

from ._status import Status

__all__ = ["Result"]


class Result(Module):
    """Where a method ended, and why.

    Parameters
    ----------
    x : pytree
        Parameters of the best point, as ``x0``.
    value : () array, or (b,) array for a batch
        Value there.
    gradient : pytree
        Gradient there.
    status : () or (b,) integer array
        Why the method stopped, a `Status`.
    iterations, evaluations, products : () or (b,) integer array
        Counts of accepted steps; of evaluations of the function and its gradient; and of products with the
        Hessian (Jacobian).
    trace : Trace, optional
        What happened on the way, with ``record=True``.
    """

    x: Any
    value: Array
    gradient: Any
    status: Array
    iterations: Array
    evaluations: Array
    products: Array
    trace: Any = static(default=None)

    @property
    def success(self) -> Any:
        """Whether the method converged; for a batch a boolean array."""
        good = (self.status >= 0) & (self.status <= int(Status.SMALL_CHANGE))
        return good if self.status.ndim else bool(good)

    @property
    def message(self) -> str:
        """The reason in words; for a batch, how often each occurred."""
        codes = to_numpy(self.status).reshape(-1).tolist()
        if not self.status.ndim:
            return Status(codes[0]).message
        counts = {code: codes.count(code) for code in sorted(set(codes))}
        return "; ".join(f"{n} {Status(code).message}" for code, n in counts.items())
