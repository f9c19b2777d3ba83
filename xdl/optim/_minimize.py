"""Minimization of a function of a tree of arrays."""

from collections.abc import Callable
from typing import Any

from ._drive import Task
from ._flat import Flat
from ._method import Method
from ._methods.bfgs import BFGS
from ._methods.iterated import Iterated
from ._methods.lbfgs import LBFGS
from ._problem import Problem
from ._result import Result
from ._rule import Rule
from ._solve import solve
from ._stopping import Stopping

__all__ = ["minimize"]

SMALL = 200  # parameters up to which a matrix is updated: more steps saved than its products cost


def minimize(
    f: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    method: Method | Rule | None = None,
    gradient: Callable[..., Any] | bool | None = None,
    hessian: Callable[..., Any] | None = None,
    batched: bool = False,
    gtol: float = 1e-6,
    xtol: float = 0.0,
    ftol: float = 0.0,
    max_iterations: int = 1000,
    max_evaluations: int = 100_000,
    record: bool = False,
    callback: Callable[[Result], Any] | None = None,
    progress: bool = False,
) -> Result:
    """Minimize a function of a tree of arrays, or many functions at once.

    Parameters
    ----------
    f : callable
        ``f(params, *args)`` returns a 0-d array; with ``batched=True`` an array of shape (b,), whose entry k
        depends on entry k of the parameters alone.
    x0 : pytree of array
        Start, of one real floating-point dtype; with ``batched=True`` each leaf has a leading axis of length b.
    args : tuple
        Further arguments, pytrees. The solution can be differentiated with respect to them.
    method : Method or Rule, optional
        For example ``LBFGS(memory=20)``, ``Newton()``, ``TrustRegion()`` or, as a method of first order, an update
        rule such as ``Adam(0.1)``. Default: ``BFGS()`` up to 200 parameters, ``LBFGS()`` for more.
    gradient : callable or True, optional
        ``gradient(params, *args)`` returns the gradient, a tree as ``params``; True if ``f`` returns the pair of
        value and gradient. Default: automatic differentiation.
    hessian : callable, optional
        ``hessian(params, *args)`` returns the Hessian (n, n) over the entries of ``params`` in the order of its
        leaves; in a batch (b, n, n). Default: automatic differentiation.
    batched : bool
        Whether to solve b independent problems in one array program. Each has its own search and its own
        end; one that is done, or fails, does not touch the others.
    gtol : float
        Largest entry of the gradient at a solution.
    xtol : float
        A step no longer than ``xtol * (xtol + ‖x‖)`` ends; zero looks at none.
    ftol : float
        A decrease of at most ``ftol * max(|f|, |f before|, 1)`` ends; zero looks at none.
    max_iterations, max_evaluations : int
        Bounds on steps and on evaluations, of each problem.
    record : bool
        Whether to keep a `Trace` with all points and probes; nothing is compiled then.
    callback : callable, optional
        Called with a `Result` after each step; if it returns true, the run ends.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Result
        With ``x``, ``value``, ``gradient``, ``status``, ``message`` and counts. That a method does not
        converge is no error: ask ``result.success``.

    Raises
    ------
    TypeError
        If a leaf of ``x0`` is no array of floats, or ``method`` is not a method.
    ValueError
        If ``f`` returns no number, or ``x0`` has no array.

    Notes
    -----
    One problem on NumPy, CuPy or PyTorch runs on the host, whose numbers decide what comes next; on JAX
    the whole run is one compiled program, kept for the next call with the same ``f`` and ``method``: define
    them once, not in a loop. The methods are those of the book by Liquet, Moka & Nazarathy (2024), chapter 4,
    and of Nocedal & Wright (2006).

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import optim
    >>> r = optim.minimize(lambda x: (x[0] - 3.0) ** 2 + (x[1] + 1.0) ** 2, np.asarray([0.0, 0.0]))
    >>> r.success, np.round(r.x, 6)
    (True, array([ 3., -1.]))
    """
    stopping = Stopping(gtol, xtol, ftol, max_iterations, max_evaluations)
    given = None if gradient is False else gradient

    def make(flat: Flat, args: tuple[Any, ...], scalars: Any) -> Problem:
        return Problem(f, flat, args, scalars, gradient=given, hessian=hessian)

    chosen = as_method(default_method(x0, batched) if method is None else method)
    task = Task(make, (f, given, hessian), chosen, stopping, batched=batched)
    return solve(task, x0, tuple(args), record=record, callback=callback, progress=progress)


def default_method(x0: Any, batched: bool) -> Method:
    """BFGS, or where its matrix would be large L-BFGS."""
    return BFGS() if Flat(x0, batched=batched).size <= SMALL else LBFGS()


def as_method(method: Any) -> Method:
    """Method that was given, or a rule as a method."""
    if isinstance(method, Rule):
        return Iterated(method)
    if not isinstance(method, Method):
        hint = "call it: it is a class" if isinstance(method, type) else "for example optim.BFGS()"
        message = f"`method` must be a method such as optim.LBFGS() or a rule such as optim.Adam(), got {method!r}: {hint}"
        raise TypeError(message)
    return method
