"""Minimization of a function of a tree of arrays."""

from collections.abc import Callable
from typing import Any

from xdl.core import asarray
from xdl.core._namespace import array_namespace, is_array

from ._drive import Task, drive
from ._flat import Flat
from ._method import Iterate, Method
from ._methods.bfgs import BFGS
from ._problem import Problem
from ._result import Result
from ._stopping import Stopping

__all__ = ["minimize"]


def minimize(
    f: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    method: Method | None = None,
    gradient: Callable[..., Any] | bool | None = None,
    hessian: Callable[..., Any] | None = None,
    batched: bool = False,
    gtol: float = 1e-6,
    xtol: float = 0.0,
    ftol: float = 0.0,
    max_iterations: int = 1000,
    max_evaluations: int = 100_000,
) -> Result:
    """Minimize a function.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` returns a 0-d array; with ``batched=True`` one number for each problem, of shape (b,).
    x0 : pytree of array
        Start, of one real floating-point dtype.
    """
    method = BFGS() if method is None else method
    stopping = Stopping(gtol, xtol, ftol, max_iterations, max_evaluations)

    def make(flat: Flat, args: tuple[Any, ...], scalars: Any) -> Problem:
        return Problem(f, flat, args, scalars, gradient=gradient or None, hessian=hessian)

    task = Task(make, (f, gradient, hessian), method, stopping, batched=batched)
    state, flat = drive(task, x0, tuple(args))
    return _result(state, flat)


def _result(state: Iterate, flat: Flat) -> Result:
    xp = array_namespace(state.x)
    number = lambda v: v if is_array(v) else asarray(v, like=state.x, dtype=state.x.dtype)
    integer = lambda v: v if is_array(v) else asarray(v, like=state.x, dtype=xp.int32)
    return Result(
        x=flat.unflatten(state.x),
        value=number(state.value),
        gradient=flat.unflatten(state.grad),
        status=integer(int(state.status) if not is_array(state.status) else state.status),
        iterations=integer(state.iterations),
        evaluations=integer(state.evaluations),
        products=integer(state.products),
    )
