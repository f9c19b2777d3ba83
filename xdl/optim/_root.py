"""Solution of equations."""

from collections.abc import Callable
from typing import Any

from xdl.core import array_namespace, tree

from ._drive import Task
from ._flat import Flat
from ._least_squares import precision
from ._method import Iterate, Method
from ._methods.anderson import Anderson
from ._methods.powell_dogleg import PowellDogleg
from ._minimize import as_method
from ._residuals import Residuals
from ._result import Result, make_result
from ._solve import solve
from ._status import Status
from ._stopping import Stopping

__all__ = ["finish_equations", "fixed_point", "root"]


def root(
    f: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    method: Method | None = None,
    jacobian: Callable[..., Any] | None = None,
    batched: bool = False,
    tol: float | None = None,
    xtol: float = 0.0,
    max_iterations: int = 1000,
    max_evaluations: int = 100_000,
    record: bool = False,
    callback: Callable[[Result], Any] | None = None,
    progress: bool = False,
) -> Result:
    """Solve as many equations as there are unknowns, or many such systems at once.

    Parameters
    ----------
    f : callable
        ``f(params, *args)`` returns an array, or a tree of arrays, that is zero at a solution; with
        ``batched=True`` each has a leading axis of length b.
    x0 : pytree of array
        Start, of one real floating-point dtype; with ``batched=True`` each leaf has a leading axis of length b.
    args : tuple
        Further arguments, pytrees. The solution can be differentiated with respect to them.
    method : Method, optional
        `PowellDogleg`, the default, `NewtonRaphson`, `Broyden`, or any method for `least_squares`.
    jacobian : callable, optional
        ``jacobian(params, *args)`` returns the Jacobian (n, n); in a batch (b, n, n). Default: automatic
        differentiation.
    batched : bool
        Whether to solve b independent systems in one array program.
    tol : float, optional
        Norm of ``f`` at a solution. Default: the root of the precision, 1.5e-8 for float64.
    xtol : float
        A step no longer than ``xtol * (xtol + ‖x‖)`` ends as well; zero looks at none.
    max_iterations, max_evaluations, record, callback, progress
        As for `minimize`.

    Returns
    -------
    Result
        ``value`` is half the square of the norm of ``f``. A point where that is stationary but not zero is
        reported as a failure.

    Raises
    ------
    TypeError
        If a leaf of ``x0`` is no array of floats, or ``method`` is not a method.
    ValueError
        If there are not as many equations as unknowns.

    References
    ----------
    Nocedal & Wright (2006), chapter 11

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import optim
    >>> solution = optim.root(lambda x, a: x * x - a, np.asarray([1.0, 1.0]), (np.asarray([4.0, 9.0]),))
    >>> np.round(solution.x, 8)
    array([2., 3.])
    """
    stopping = Stopping(_tolerance(tol, x0, batched), xtol, 0.0, max_iterations, max_evaluations)

    def make(flat: Flat, args: tuple[Any, ...], scalars: Any) -> Residuals:
        return Residuals(f, flat, args, scalars, jacobian=jacobian, equations=True)

    chosen = as_method(PowellDogleg() if method is None else method)
    task = Task(make, (f, jacobian, "root"), chosen, stopping, batched=batched)
    return solve(
        task, x0, tuple(args), record=record, callback=callback, progress=progress, finish=finish_equations
    )


def fixed_point(
    g: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    method: Method | None = None,
    batched: bool = False,
    tol: float | None = None,
    xtol: float = 0.0,
    max_iterations: int = 1000,
    max_evaluations: int = 100_000,
    record: bool = False,
    callback: Callable[[Result], Any] | None = None,
    progress: bool = False,
) -> Result:
    """Find a point that a function maps to itself, or one of each of many functions.

    Parameters
    ----------
    g : callable
        ``g(params, *args)`` returns a tree like ``params``.
    x0 : pytree of array
        Start, of one real floating-point dtype; with ``batched=True`` each leaf has a leading axis of length b.
    args : tuple
        Further arguments, pytrees. The solution can be differentiated with respect to them.
    method : Method, optional
        `Anderson`, the default, `Picard`, or any method for `root`, such as `NewtonRaphson`.
    batched : bool
        Whether to solve b independent problems in one array program.
    tol : float, optional
        Norm of ``g(x) - x`` at a solution. Default: the root of the precision, 1.5e-8 for float64.
    xtol : float
        A step no longer than ``xtol * (xtol + ‖x‖)`` ends as well; zero looks at none.
    max_iterations, max_evaluations, record, callback, progress
        As for `minimize`.

    Returns
    -------
    Result
        ``value`` is half the square of the norm of ``g(x) - x``.

    Raises
    ------
    TreeError
        If ``g`` returns a tree of another structure.
    TypeError
        If a leaf of ``x0`` is no array of floats, or ``method`` is not a method.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import optim
    >>> float(np.round(optim.fixed_point(np.cos, np.asarray(1.0)).x, 6))
    0.739085
    """
    stopping = Stopping(_tolerance(tol, x0, batched), xtol, 0.0, max_iterations, max_evaluations)

    def difference(params: Any, *args: Any) -> Any:
        return tree.map(lambda y, x: y - x, g(params, *args), params)

    def make(flat: Flat, args: tuple[Any, ...], scalars: Any) -> Residuals:
        return Residuals(difference, flat, args, scalars, equations=True)

    chosen = as_method(Anderson() if method is None else method)
    task = Task(make, (g, "fixed point"), chosen, stopping, batched=batched)
    return solve(
        task, x0, tuple(args), record=record, callback=callback, progress=progress, finish=finish_equations
    )


def _tolerance(tol: float | None, x0: Any, batched: bool) -> float:
    flat = Flat(x0, batched=batched)  # also where `tol` is given: it says what is wrong with `x0`
    return precision(flat.flatten(x0)) ** 0.5 if tol is None else tol


def finish_equations(state: Iterate, flat: Flat, args: tuple[Any, ...]) -> Result:
    """Result; that nothing more can be gained does not solve equations."""
    result = make_result(state, flat)
    xp, status = array_namespace(result.status), result.status
    stationary = status == int(Status.SMALL_CHANGE)
    return result.replace(status=xp.where(stationary, xp.full_like(status, int(Status.NO_PROGRESS)), status))
