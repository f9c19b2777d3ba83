"""LASSO and elastic net: linear regression whose penalty makes coefficients zero."""

from typing import Any, NamedTuple

from xdl import optim
from xdl.core import Array, array_namespace, buffer
from xdl.core._namespace import is_array

from .elastic_net import METHODS, Quadratic, Solution, coordinate_descent
from .fitting import centered, check_data, finite_data, normalized_weights, penalty_array, start, told
from .linear_regression import LinearModel
from .matrices import gram, product

__all__ = ["ElasticNet", "Lasso", "center_data", "check_method", "solve_problem"]


class SparseModel(LinearModel):
    """Base of linear models whose penalty makes coefficients zero.

    Parameters
    ----------
    coefficients : (..., p) array
        One for each feature; many are zero.
    intercept : (...,) array
        Prediction where all features are 0.
    result : optim.Result, optional
        How the fit ended; its gradient is the shortest subgradient.
    gap : (...,) array, optional
        By how much the objective is above its minimum, at most.
    """

    gap: Any = buffer(default=None)


class Lasso(SparseModel):
    """Linear model with a penalty of absolute values.

    Parameters
    ----------
    coefficients, intercept, result, gap
        As in `ElasticNet`.

    References
    ----------
    Tibshirani (1996), doi:10.1111/j.2517-6161.1996.tb02080.x; Liquet, Moka & Nazarathy (2024), section 2.5

    Examples
    --------
    >>> import numpy as np
    >>> from xdl.models import Lasso
    >>> X = np.asarray([[1.0, 1], [-1, 1], [1, -1], [-1, -1]])
    >>> Lasso.fit(X, X @ np.asarray([3.0, 0.5]), alpha=1.0).coefficients
    array([2., 0.])
    """

    @classmethod
    def fit(
        cls,
        X: Array,
        y: Array,
        /,
        *,
        alpha: Any = 1.0,
        weights: Array | None = None,
        fit_intercept: bool = True,
        method: str = "coordinate",
        tol: float = 1e-9,
        max_iterations: int = 100_000,
    ) -> "Lasso":
        """Minimize ``‖y - b - X w‖² / (2 n) + alpha ‖w‖₁``: `ElasticNet.fit` with ``l1_ratio=1``."""
        return _fit(cls, X, y, weights, fit_intercept, alpha, 1.0, method, tol, max_iterations)


class ElasticNet(SparseModel):
    """Linear model with a penalty of absolute values and one of squares.

    Parameters
    ----------
    coefficients : (..., p) array
        One for each feature; many are zero.
    intercept : (...,) array
        Prediction where all features are 0.
    result : optim.Result, optional
        How the fit ended; its gradient is the shortest subgradient.
    gap : (...,) array, optional
        By how much the objective is above its minimum, at most.

    References
    ----------
    Zou & Hastie (2005), doi:10.1111/j.1467-9868.2005.00503.x; Liquet, Moka & Nazarathy (2024), section 2.5
    """

    @classmethod
    def fit(
        cls,
        X: Array,
        y: Array,
        /,
        *,
        alpha: Any = 1.0,
        l1_ratio: float = 0.5,
        weights: Array | None = None,
        fit_intercept: bool = True,
        method: str = "coordinate",
        tol: float = 1e-9,
        max_iterations: int = 100_000,
    ) -> "ElasticNet":
        """Minimize ``‖y - b - X w‖² / (2 n) + alpha (l1_ratio ‖w‖₁ + (1 - l1_ratio) ‖w‖² / 2)``.

        Parameters
        ----------
        X : (n, p) or (b, n, p) array of floats
            Rows are examples; b data sets are fitted at once.
        y : (n,) or (b, n) array
            Targets.
        alpha : float or array
            Strength of the penalty, positive: scikit-learn's ``alpha`` and glmnet's ``lambda``. An array (b,) has one
            for each data set.
        l1_ratio : float
            Share of the absolute values, in [0, 1].
        weights : (n,) or (b, n) array, optional
            Weights of the squares; their sum stands for ``n``.
        fit_intercept : bool
            Whether there is an intercept. It pays no penalty.
        method : {"coordinate", "fista"}
            Coordinate descent, the quicker one, on the host; or accelerated proximal gradient steps, where the arrays
            are, for all data sets at once, and under ``jit``.
        tol : float
            Duality gap at the end, by the mean square of the (centered) targets.
        max_iterations : int
            Largest number of sweeps, or of steps.

        Returns
        -------
        ElasticNet

        Raises
        ------
        ValueError, TypeError
            If shapes do not fit, ``alpha`` is not positive, or the method is not known.
        """
        return _fit(cls, X, y, weights, fit_intercept, alpha, l1_ratio, method, tol, max_iterations)


def _fit(
    cls: Any,
    X: Array,
    y: Array,
    weights: Array | None,
    fit_intercept: bool,
    alpha: Any,
    l1_ratio: float,
    method: str,
    tol: float,
    max_iterations: int,
) -> Any:
    data = center_data(X, y, weights, fit_intercept)
    check_method(method, l1_ratio)
    if not is_array(alpha) and not alpha > 0:
        message = f"`alpha` must be positive, got {alpha!r}: LinearRegression fits without this penalty"
        raise ValueError(message)
    solution, problem = solve_problem(data, alpha, l1_ratio, None, method, tol, max_iterations)
    xp, w = array_namespace(solution.w), solution.w
    info = xp.finfo(w.dtype)
    bound = (tol + 20.0 * float(info.eps)) * (problem.yy + float(info.smallest_normal))
    slope = problem.subgradient(w, product(problem.H, w))
    count = xp.astype(solution.iterations, xp.int32)
    result = told(w, solution.value, slope, solution.gap <= bound, data.finite, count)
    late = xp.full_like(result.status, int(optim.Status.MAX_ITERATIONS))
    status = xp.where(result.status == int(optim.Status.NO_PROGRESS), late, result.status)
    return cls(w, data.level - xp.vecdot(data.mean, w), result.replace(status=status), solution.gap)


class Centered(NamedTuple):
    """Second moments of data about their means, the means, and whether all of the data are finite."""

    H: Array
    c: Array
    yy: Array
    mean: Array
    level: Array
    finite: Array


def center_data(X: Array, y: Array, weights: Array | None, center: bool) -> Centered:
    """What a fit asks of the data."""
    X, y, weights = check_data(X, y, weights)
    shares = normalized_weights(weights, y)
    X, y, shares, finite = finite_data(X, y, shares)
    xp = array_namespace(X)
    mean, level = xp.zeros_like(X[..., 0, :]), xp.zeros_like(y[..., 0])
    if center:
        X, y, mean, level = centered(X, y, shares)
    v = shares * y
    return Centered(gram(X, shares), product(xp.matrix_transpose(X), v), xp.vecdot(v, y), mean, level, finite)


def check_method(method: str, l1_ratio: float) -> None:
    """Refuse a method that is not known, or a share outside [0, 1]."""
    if method not in METHODS:
        message = f"`method` must be one of {', '.join(map(repr, METHODS))}, got {method!r}"
        raise ValueError(message)
    if not 0 <= l1_ratio <= 1:
        message = f"`l1_ratio` must be in [0, 1], got {l1_ratio!r}"
        raise ValueError(message)


def solve_problem(
    data: Centered, alpha: Any, l1_ratio: float, w: Any, method: str, tol: float, max_iterations: int
) -> tuple[Solution, Quadratic]:
    """Solve from coefficients ``w``, or from zeros for None."""
    xp, H = array_namespace(data.H), data.H
    strength = penalty_array(alpha, H)[..., 0] if H.shape[-1] else data.yy
    problem = Quadratic(H, data.c, data.yy, l1_ratio * strength, (1.0 - l1_ratio) * strength)
    w = start(H, H.shape[-1]) if w is None else w
    if method == "fista" or H.ndim == 2:
        return METHODS[method](problem, w, tol, max_iterations), problem
    found = [
        coordinate_descent(Quadratic(*(part[k, ...] for part in problem)), w[k, ...], tol, max_iterations)
        for k in range(H.shape[0])
    ]
    return Solution(*(xp.stack(list(column), axis=0) for column in zip(*found, strict=True))), problem
