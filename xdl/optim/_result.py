"""What a minimizer returns."""

from typing import Any

from xdl.core import Array, Module, array_namespace, static, to_numpy
from xdl.core._namespace import device_of, is_array

from ._flat import Flat
from ._method import Iterate
from ._status import Status

__all__ = ["Result", "make_result"]


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


def make_result(state: Iterate, flat: Flat, trace: Any = None) -> Result:
    """Result of the last iterate."""
    x = state.x
    xp = array_namespace(x)
    device = device_of(x)
    number = lambda v, dtype: v if is_array(v) else xp.asarray(v, dtype=dtype, device=device)
    counts = {
        name: number(getattr(state, name), xp.int32)
        for name in ("status", "iterations", "evaluations", "products")
    }
    return Result(
        x=flat.unflatten(x),
        value=number(state.value, x.dtype),
        gradient=flat.unflatten(state.grad),
        trace=trace,
        **counts,
    )
