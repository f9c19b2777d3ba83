"""Minimization of a sum of squares."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace

from ._drive import Task
from ._flat import Flat
from ._gauss import Region, factor
from ._method import Iterate, Method
from ._methods.levenberg_marquardt import LevenbergMarquardt
from ._minimize import as_method
from ._residuals import Model, Residuals
from ._result import Result, make_result
from ._robust import LOSSES
from ._rule import Rule
from ._solve import solve
from ._stopping import Stopping

__all__ = ["LeastSquaresResult", "least_squares"]


class LeastSquaresResult(Result):
    """Where a method for sums of squares ended, and why.

    Parameters
    ----------
    value : () or (b,) array
        Half the sum of squares, or of the loss, at ``x``.
    residual : (m,) or (b, m) array
        Residuals at ``x``.
    jacobian : (m, n) or (b, m, n) array
        Their Jacobian, in the order of the entries of ``x``.
    x, gradient, status, iterations, evaluations, products, trace
        As in `Result`; ``evaluations`` are of the residuals.
    """

    residual: Any = None
    jacobian: Any = None

    def covariance(self) -> Array:
        """Covariance (..., n, n) of the estimates: of residuals with equal variances, by ``|r|^2 / (m - n)``.

        Directions that the residuals say nothing about are left out; NaN for ``m <= n``.

        References
        ----------
        Bates & Watts (1988), section 2.1; the same as ``pcov`` of ``scipy.optimize.curve_fit``
        """
        xp = array_namespace(self.jacobian)
        m, n = self.jacobian.shape[-2:]
        V, s, _ = factor(self.jacobian, self.residual)
        largest = xp.max(s, axis=-1, keepdims=True)
        known = s > largest * (max(m, n) * float(xp.finfo(s.dtype).eps))
        W = V * xp.where(known, 1 / xp.where(known, s, xp.ones_like(s)), xp.zeros_like(s))[..., None, :]
        variance = xp.vecdot(self.residual, self.residual) / (m - n if m > n else float("nan"))
        return variance[..., None, None] * xp.matmul(W, xp.matrix_transpose(W))


class Relative(Stopping):
    """Conditions for values that may come to zero: the decrease is compared with the value alone."""

    def _small_change(self, xs: Any, before: Iterate, after: Iterate) -> Any:
        return xs.abs(before.value - after.value) <= self.ftol * before.value if self.ftol else False


def least_squares(
    r: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    method: Method | Rule | None = None,
    loss: str | Callable[[Array], tuple[Array, Array, Array]] = "linear",
    loss_scale: float = 1.0,
    jacobian: Callable[..., Any] | None = None,
    batched: bool = False,
    gtol: float | None = None,
    xtol: float | None = None,
    ftol: float | None = None,
    max_iterations: int = 1000,
    max_evaluations: int = 100_000,
    record: bool = False,
    callback: Callable[[Result], Any] | None = None,
    progress: bool = False,
) -> LeastSquaresResult:
    """Minimize half the sum of the squares of residuals, or many such sums at once.

    Parameters
    ----------
    r : callable
        ``r(params, *args)`` returns an array of residuals, or a tree of them; with ``batched=True`` each has a
        leading axis of length b, whose entry k depends on entry k of the parameters alone.
    x0 : pytree of array
        Start, of one real floating-point dtype; with ``batched=True`` each leaf has a leading axis of length b.
    args : tuple
        Further arguments, pytrees. The solution can be differentiated with respect to them.
    method : Method or Rule, optional
        `LevenbergMarquardt`, the default, `PowellDogleg`, `GaussNewton`, or any method for `minimize`.
    loss : {"linear", "huber", "soft_l1", "cauchy", "arctan"} or callable
        ``loss(z)`` of ``z = (residual / loss_scale)**2`` takes the place of the square: it returns its values and
        its first and second derivatives, and behaves as ``z`` near zero.
    loss_scale : float
        Residual from which on the loss differs from the square; SciPy's ``f_scale``.
    jacobian : callable, optional
        ``jacobian(params, *args)`` returns the Jacobian (m, n) over the entries of ``params`` in the order of its
        leaves; in a batch (b, m, n). Default: automatic differentiation, forwards or in reverse, whichever
        takes fewer products.
    batched : bool
        Whether to solve b independent problems in one array program.
    gtol : float, optional
        Largest entry of the gradient at a solution. Default: the root of the precision, 1.5e-8 for float64.
    xtol : float, optional
        A step no longer than ``xtol * (xtol + ‖x‖)`` ends; zero looks at none. Default: as ``gtol``.
    ftol : float, optional
        A decrease of at most ``ftol`` times the value ends; zero looks at none. Default: as ``gtol``.
    max_iterations, max_evaluations, record, callback, progress
        As for `minimize`.

    Returns
    -------
    LeastSquaresResult
        With ``x``, ``value``, ``residual``, ``jacobian``, ``covariance()``, ``status``, ``message`` and counts.

    Raises
    ------
    TypeError
        If a leaf of ``x0`` is no array of floats, or ``method`` is not a method.
    ValueError
        If the loss is unknown, or the residuals are not arrays of the dtype of ``x0``.

    Notes
    -----
    The derivatives of the solution are those of the exact minimum, with the exact Hessian, not with that of Gauss
    and Newton.

    References
    ----------
    Nocedal & Wright (2006), chapter 10; Triggs et al. (2000), "Bundle adjustment: a modern synthesis", for losses

    Examples
    --------
    >>> import numpy as np
    >>> import xdl
    >>> from xdl import optim
    >>> t = np.linspace(0.0, 2.0, 20)
    >>> def residuals(p, t, y):
    ...     return p[0] * xdl.array_namespace(t).exp(-p[1] * t) - y
    >>> fit = optim.least_squares(residuals, np.asarray([1.0, 1.0]), (t, 3.0 * np.exp(-1.5 * t)))
    >>> np.round(fit.x, 6)
    array([3. , 1.5])
    """
    if isinstance(loss, str) and loss not in LOSSES:
        message = f"`loss` must be one of {', '.join(map(repr, LOSSES))} or a function, got {loss!r}"
        raise ValueError(message)
    if not loss_scale > 0:
        message = f"`loss_scale` must be positive, got {loss_scale!r}"
        raise ValueError(message)
    flat = Flat(x0, batched=batched)
    tol = precision(flat.flatten(x0)) ** 0.5
    default = lambda given: tol if given is None else given
    stopping = Relative(default(gtol), default(xtol), default(ftol), max_iterations, max_evaluations)
    rho = LOSSES[loss] if isinstance(loss, str) else loss

    def make(flat: Flat, args: tuple[Any, ...], scalars: Any) -> Residuals:
        return Residuals(r, flat, args, scalars, jacobian=jacobian, loss=rho, scale=loss_scale)

    chosen = as_method(LevenbergMarquardt() if method is None else method)
    task = Task(make, (r, jacobian, rho, loss_scale), chosen, stopping, batched=batched)

    def finish(state: Iterate, flat: Flat, args: tuple[Any, ...]) -> LeastSquaresResult:
        found = make_result(state, flat)
        model = model_of(task, state, found.x, args)
        return LeastSquaresResult(**vars(found), residual=model.residual, jacobian=model.jacobian)

    return solve(task, x0, tuple(args), record=record, callback=callback, progress=progress, finish=finish)


def precision(x: Array) -> float:
    """Distance from 1 to the next larger number of the dtype."""
    return float(array_namespace(x).finfo(x.dtype).eps)


def model_of(task: Task, state: Iterate, x: Any, args: tuple[Any, ...]) -> Model:
    """Residuals and Jacobian at the last point, which methods of trust regions remember."""
    if isinstance(state.memory, Region):
        return state.memory.model
    problem, vector = task.problem(x, args, host=False)
    return problem.model(vector)
