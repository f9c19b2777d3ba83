"""Paths: the elastic nets of one data set, from the penalty that leaves nothing to a small one."""

from typing import NamedTuple

from xdl.core import Array, array_namespace, asarray

from .lasso import center_data, check_method, solve_problem

__all__ = ["Path", "elastic_net_path"]


class Path(NamedTuple):
    """Solutions for many strengths of the penalty.

    Parameters
    ----------
    alphas : (k,) array
        Strengths, from the largest.
    coefficients : (k, p) array
    intercepts : (k,) array
    gaps : (k,) array
        Duality gaps.
    """

    alphas: Array
    coefficients: Array
    intercepts: Array
    gaps: Array


def elastic_net_path(
    X: Array,
    y: Array,
    /,
    *,
    alphas: Array | None = None,
    n_alphas: int = 100,
    smallest: float = 1e-3,
    l1_ratio: float = 1.0,
    weights: Array | None = None,
    fit_intercept: bool = True,
    method: str = "coordinate",
    tol: float = 1e-9,
    max_iterations: int = 100_000,
) -> Path:
    """Elastic nets for a decreasing sequence of penalties, each fitted from the solution before.

    Parameters
    ----------
    X : (n, p) array of floats
        Rows are examples.
    y : (n,) array
        Targets.
    alphas : (k,) array, optional
        Strengths in decreasing order. Default: ``n_alphas`` in geometric progression, from the least for which all
        coefficients are zero down to ``smallest`` times that.
    n_alphas : int
        Length of that sequence.
    smallest : float
        Last strength of that sequence by the first.
    l1_ratio, weights, fit_intercept, method, tol, max_iterations
        As in `ElasticNet.fit`; ``l1_ratio`` is positive where no ``alphas`` are given.

    Returns
    -------
    Path
    """
    data = center_data(X, y, weights, fit_intercept)
    check_method(method, l1_ratio)
    if X.ndim != 2:
        message = f"a path is of one data set, `X` (n, p), got shape {tuple(X.shape)}"
        raise ValueError(message)
    xp = array_namespace(X)
    if alphas is None:
        if not l1_ratio > 0 or n_alphas < 2:
            message = f"give `alphas`, or l1_ratio > 0 and n_alphas > 1, got {l1_ratio!r} and {n_alphas!r}"
            raise ValueError(message)
        first = xp.max(xp.abs(data.c)) / l1_ratio
        powers = xp.arange(n_alphas, dtype=X.dtype) / (n_alphas - 1)
        alphas = first * asarray(smallest, like=X, dtype=X.dtype) ** asarray(powers, like=X, dtype=X.dtype)
    strengths: Array = alphas
    w, columns = None, []
    for k in range(strengths.shape[0]):
        solution, _ = solve_problem(data, strengths[k, ...], l1_ratio, w, method, tol, max_iterations)
        w = solution.w
        columns.append((w, data.level - xp.vecdot(data.mean, w), solution.gap))
    return Path(strengths, *(xp.stack(list(column), axis=0) for column in zip(*columns, strict=True)))
