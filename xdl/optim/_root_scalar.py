"""Zeros of functions of one number, or of many at once."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array
from xdl.core._namespace import is_array

from ._bracketing import Bracketing
from ._drive import Task
from ._flat import Flat
from ._least_squares import precision
from ._method import Method
from ._methods.brent_dekker import BrentDekker
from ._methods.newton_raphson import NewtonRaphson
from ._minimize import as_method
from ._residuals import Residuals
from ._result import Result
from ._root import finish_equations
from ._solve import solve
from ._stopping import Stopping

__all__ = ["root_scalar"]


def root_scalar(
    f: Callable[..., Any],
    args: tuple[Any, ...] = (),
    *,
    bracket: tuple[Array, Array] | None = None,
    x0: Array | None = None,
    method: Method | None = None,
    tol: float = 0.0,
    xtol: float | None = None,
    max_iterations: int = 1000,
    record: bool = False,
    callback: Callable[[Result], Any] | None = None,
) -> Result:
    """Find where a function of one number is zero, or where each of many functions is.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` is elementwise: it maps an array of shape () or (b,) to one of that shape.
    args : tuple
        Further arguments, pytrees. The solution can be differentiated with respect to them.
    bracket : pair of () or (b,) array
        Numbers between which the function changes its sign; the solution stays between them.
    x0 : () or (b,) array
        Start, in place of ``bracket``.
    method : Method, optional
        With a bracket `BrentDekker`, the default, or `Bisection`; else `NewtonRaphson`, the default, `Secant`, or
        another method for `root`.
    tol : float
        Modulus of ``f`` that is as good as zero.
    xtol : float, optional
        Relative and absolute error of the solution that is accepted. Default: 4 roundings.
    max_iterations, record, callback
        As for `minimize`.

    Returns
    -------
    Result
        ``value`` is half the square of ``f``. If there is no change of sign in the bracket, the status is
        `Status.NOT_BRACKETED` and ``x`` is the end with the smaller modulus of ``f``.

    Raises
    ------
    ValueError
        If neither or both of ``bracket`` and ``x0`` are given, or shapes do not agree.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import optim
    >>> ends = np.asarray([0.0, 0.0]), np.asarray([5.0, 5.0])
    >>> optim.root_scalar(lambda x, a: x * x - a, (np.asarray([4.0, 9.0]),), bracket=ends).x
    array([2., 3.])
    """
    if (bracket is None) == (x0 is None):
        message = (
            "give either `bracket`, numbers between which the function changes its sign, or a start `x0`"
        )
        raise ValueError(message)
    start = x0 if bracket is None else _first_of(bracket)
    if not is_array(start) or start.ndim > 1:
        found = f"shape {tuple(start.shape)}" if is_array(start) else repr(start)
        message = (
            f"`{'x0' if bracket is None else 'bracket'}` must be of arrays of shape () or (b,), got {found}"
        )
        raise ValueError(message)
    batched = start.ndim == 1
    flat = Flat(start, batched=batched)
    rounding = precision(flat.flatten(start))
    xtol = 4.0 * rounding if xtol is None else xtol
    default = NewtonRaphson() if bracket is None else BrentDekker()
    chosen = as_method(default if method is None else method)
    within = isinstance(chosen, Bracketing)
    if within != (bracket is not None):
        message = f"{chosen!r} needs `{'bracket' if within else 'x0'}`"
        raise ValueError(message)
    tolerance = tol if within or tol else rounding**0.5
    stopping = Stopping(tolerance, 0.0 if within else xtol, 0.0, max_iterations)

    def equation(x: Array, bracket: Any, args: tuple[Any, ...]) -> Array:
        y = f(x, *args)
        if not is_array(y) or y.shape != x.shape:
            found = f"shape {tuple(y.shape)}" if is_array(y) else repr(y)
            message = f"the function must be elementwise: for shape {tuple(x.shape)} it returned {found}"
            raise ValueError(message)
        return y

    def make(flat: Flat, args: tuple[Any, ...], scalars: Any) -> Residuals:
        problem = Residuals(equation, flat, args, scalars, equations=True)
        problem.xtol = xtol
        return problem

    task = Task(make, (f, xtol, "root_scalar"), chosen, stopping, batched=batched)
    return solve(
        task, start, (bracket, tuple(args)), record=record, callback=callback, finish=finish_equations
    )


def _first_of(bracket: Any) -> Any:
    if not isinstance(bracket, tuple | list) or len(bracket) != 2:
        message = f"`bracket` must be a pair of arrays, got {bracket!r}"
        raise ValueError(message)
    a, b = bracket
    if is_array(a) and is_array(b) and (a.shape != b.shape or a.dtype != b.dtype):
        message = f"the ends of `bracket` must be alike, got {a.dtype} of shape {tuple(a.shape)} and {b.dtype} of shape {tuple(b.shape)}"
        raise ValueError(message)
    return a
