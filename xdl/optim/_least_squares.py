"""Minimization of a sum of squares."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace

from ._drive import Task, drive
from ._flat import Flat
from ._method import Iterate, Method
from ._methods.levenberg_marquardt import LevenbergMarquardt
from ._residuals import Residuals
from ._result import Result, make_result
from ._robust import LOSSES
from ._stopping import Stopping

__all__ = ["least_squares"]


class Relative(Stopping):
    """Conditions for values that may come to zero: the decrease is compared with the value alone."""

    def _small_change(self, xs: Any, before: Iterate, after: Iterate) -> Any:
        return xs.abs(before.value - after.value) <= self.ftol * before.value if self.ftol else False


def least_squares(
    r: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    method: Method | None = None,
    loss: str | Callable[[Array], tuple[Array, Array, Array]] = "linear",
    loss_scale: float = 1.0,
    jacobian: Callable[..., Any] | None = None,
    batched: bool = False,
    gtol: float = 1e-8,
    xtol: float = 1e-8,
    ftol: float = 1e-8,
    max_iterations: int = 1000,
    max_evaluations: int = 100_000,
) -> Result:
    method = LevenbergMarquardt() if method is None else method
    stopping = Relative(gtol, xtol, ftol, max_iterations, max_evaluations)
    rho = LOSSES[loss] if isinstance(loss, str) else loss

    def make(flat: Flat, args: tuple[Any, ...], scalars: Any) -> Residuals:
        return Residuals(r, flat, args, scalars, jacobian=jacobian, loss=rho, scale=loss_scale)

    task = Task(make, (r, jacobian, rho, loss_scale), method, stopping, batched=batched)
    flat = Flat(x0, batched=batched)
    return make_result(drive(task, x0, tuple(args)), flat)
