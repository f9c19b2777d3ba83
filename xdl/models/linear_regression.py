"""Linear regression: least squares and ridge, by factorizations or by any minimizer."""

from typing import Any

from xdl import optim
from xdl.core import Array, Module, array_namespace, buffer
from xdl.linalg._solve import solve
from xdl.optim._method import Method

from .coefficient_table import Estimated
from .fitting import (
    centered,
    check_data,
    design,
    finite_data,
    intercept_apart,
    minimized,
    normalized_weights,
    penalty_array,
    start,
    told,
)
from .matrices import diagonal, gram, inverse, product, solve_positive

__all__ = ["LinearModel", "LinearRegression", "largest_rate"]


class LinearModel(Module):
    """Base of models whose prediction is ``intercept + X @ coefficients``.

    Parameters
    ----------
    coefficients : (..., p) array
        One for each feature.
    intercept : (...,) array
        Prediction where all features are 0.
    result : optim.Result, optional
        How the fit ended.
    """

    coefficients: Array
    intercept: Array
    result: Any = buffer(default=None)

    def __call__(self, X: Array, /) -> Array:
        """Predictions (..., n) for examples ``X`` (..., n, p)."""
        return product(X, self.coefficients) + self.intercept[..., None]

    def predict(self, X: Array, /) -> Array:
        """Predictions (..., n) for examples ``X`` (..., n, p)."""
        return self(X)

    @property
    def success(self) -> Any:
        """Whether the fit converged; for many data sets a boolean array."""
        return True if self.result is None else self.result.success

    @property
    def message(self) -> str:
        """What became of the fit, in words."""
        return "not fitted" if self.result is None else self.result.message


# ---- least squares ----


def squared_error(theta: Array, Z: Array, y: Array, weights: Array, penalty: Array) -> tuple[Array, Array]:
    """Weighted mean of ``(y - Z theta)²``, plus ``penalty' theta²``, and its gradient ``-2 Z' (weights r) + ...``."""
    xp = array_namespace(theta, Z)
    r = y - product(Z, theta)
    pull, v = penalty * theta, weights * r
    return xp.vecdot(v, r) + xp.vecdot(pull, theta), 2.0 * (pull - product(xp.matrix_transpose(Z), v))


def squared_error_hessian(theta: Array, Z: Array, y: Array, weights: Array, penalty: Array) -> Array:
    """Hessian of `squared_error`, the same everywhere."""
    return 2.0 * (gram(Z, weights) + diagonal(penalty))


def largest_rate(X: Array, /, *, fit_intercept: bool = True) -> Array:
    """Learning rate below which gradient descent on ``(1/n) ‖y - X theta‖²`` converges, from any start.

    Parameters
    ----------
    X : (..., n, p) array
        Examples.
    fit_intercept : bool
        Whether a column of ones stands before them.

    Returns
    -------
    (...,) array
        ``n / lambda_max(X' X)``; infinite where ``X`` is zero.

    References
    ----------
    Liquet, Moka & Nazarathy (2024), section 2.4, figure 2.7
    """
    xp, Z = array_namespace(X), design(X, intercept=fit_intercept)
    largest = xp.max(xp.linalg.svdvals(Z), axis=-1)
    zero = largest == 0
    rate = Z.shape[-2] / xp.where(zero, xp.ones_like(largest), largest) ** 2
    return xp.where(zero, xp.full_like(rate, float("inf")), rate)


def _by_svd(Z: Array, y: Array, ridge: Array) -> Array:
    """Solution of least length, by the pseudoinverse."""
    xp = array_namespace(Z, ridge)
    U, s, Vt = xp.linalg.svd(Z, full_matrices=False)
    # as numpy.linalg.lstsq: what is below the roundings of the largest counts as zero
    kept = s > float(xp.finfo(s.dtype).eps) * max(Z.shape[-2:]) * xp.max(s, axis=-1, keepdims=True)
    safe = xp.where(kept, s, xp.ones_like(s))
    # The penalty stands before each coefficient, and is equal for all.
    scale = xp.where(kept, safe / (safe * safe + ridge[..., None]), xp.zeros_like(s))
    return product(xp.matrix_transpose(Vt), scale * product(xp.matrix_transpose(U), y))


def _by_qr(Z: Array, y: Array, ridge: Array) -> Array:
    """Solution by orthogonal triangularization, with rows ``sqrt(ridge) I`` below for a penalty."""
    xp, q = array_namespace(Z, ridge), Z.shape[-1]
    rows = diagonal(start(Z, q) + xp.sqrt(ridge)[..., None])
    Q, R = xp.linalg.qr(xp.concat([Z, rows], axis=-2))
    y = xp.concat([y, start(Z, q)], axis=-1)
    # Where columns depend on each other, a triangle of full rank takes the place of this one; the gradient tells.
    size = xp.max(xp.abs(R), axis=(-2, -1))[..., None]
    size = xp.where(size > 0, size, xp.ones_like(size))
    zero = xp.abs(xp.linalg.diagonal(R)) < float(xp.finfo(R.dtype).eps) * max(Z.shape[-2:]) * size
    R = R + diagonal(xp.where(zero, xp.broadcast_to(size, zero.shape), xp.zeros_like(xp.linalg.diagonal(R))))
    return solve(R, product(xp.matrix_transpose(Q), y))


def _by_normal_equations(Z: Array, y: Array, ridge: Array) -> Array:
    """Solution of ``(Z' Z + ridge I) theta = Z' y``: quick for many examples, with the squared condition number."""
    xp = array_namespace(Z)
    H = gram(Z, xp.ones_like(y))
    return solve_positive(H, product(xp.matrix_transpose(Z), y), start(Z, Z.shape[-1]) + ridge[..., None])


DIRECT = {"svd": _by_svd, "qr": _by_qr, "normal": _by_normal_equations}


class LinearRegression(LinearModel, Estimated):
    """Linear model fitted by least squares, with a ridge penalty if asked for.

    Parameters
    ----------
    coefficients : (..., p) array
        One for each feature.
    intercept : (...,) array
        Prediction where all features are 0.
    result : optim.Result, optional
        How the fit ended.

    References
    ----------
    Legendre (1805); Hoerl & Kennard (1970), doi:10.1080/00401706.1970.10488634; Liquet, Moka & Nazarathy (2024),
    sections 2.3 to 2.5

    Examples
    --------
    >>> import numpy as np
    >>> from xdl.models import LinearRegression
    >>> years, zettabytes = np.asarray([[6.0], [10], [18], [21], [22]]), np.asarray([0.16, 1.2, 33, 79, 97])
    >>> model = LinearRegression.fit(years, np.log(zettabytes))
    >>> np.round(model.intercept, 5), np.round(model.coefficients, 5)
    (np.float64(-4.02624), array([0.40158]))
    """

    @classmethod
    def fit(
        cls,
        X: Array,
        y: Array,
        /,
        *,
        alpha: Any = 0.0,
        weights: Array | None = None,
        fit_intercept: bool = True,
        method: str | Method | optim.Rule = "svd",
        gtol: float = 1e-6,
        max_iterations: int = 1000,
        batch_size: int | None = None,
        key: Array | None = None,
    ) -> "LinearRegression":
        """Minimize ``‖y - b - X w‖² + alpha ‖w‖²``.

        Parameters
        ----------
        X : (n, p) or (b, n, p) array of floats
            Rows are examples; b data sets are fitted at once.
        y : (n,) or (b, n) array
            Targets.
        alpha : float or array
            Strength of the ridge penalty, as scikit-learn's ``Ridge``; glmnet's ``lambda`` is ``alpha / n`` for targets
            of variance 1. An array (b,) has one for each data set.
        weights : (n,) or (b, n) array, optional
            Weights of the squares.
        fit_intercept : bool
            Whether there is an intercept. It pays no penalty.
        method : {"svd", "qr", "normal"}, Method or optim.Rule
            By the singular value decomposition, which gives the shortest of many solutions; by ``X = QR``, for columns
            that do not depend on each other; by the normal equations, the quickest and least accurate. Or a minimizer, or a rule such as ``optim.SGD(rate)``,
            of the mean ``(1/n) ‖y - b - X w‖² + (alpha/n) ‖w‖²``: see `largest_rate` for plain descent.
        gtol, max_iterations, batch_size, key
            Of minimizers and rules, as in `LogisticRegression.fit`.

        Returns
        -------
        LinearRegression
            Its ``result`` has the mean and its gradient at the solution, by any method.

        Raises
        ------
        ValueError, TypeError
            If shapes do not fit, the method is not known, or ``alpha`` is negative.
        """
        X, y, weights = check_data(X, y, weights)
        if isinstance(method, str) and method not in DIRECT:
            message = f"`method` must be one of {', '.join(map(repr, DIRECT))} or a minimizer, got {method!r}"
            raise ValueError(message)
        xp, k = array_namespace(X), int(fit_intercept)
        Z, shares = design(X, intercept=fit_intercept), normalized_weights(weights, y)
        total = y.shape[-1] + 0 * y[..., 0] if weights is None else xp.sum(weights, axis=-1)
        ridge = penalty_array(alpha, X, free=k) / total[..., None]
        theta = start(Z, Z.shape[-1])
        if not isinstance(method, str):
            result = minimized(
                squared_error,
                squared_error_hessian,
                theta,
                (Z, y, shares),
                (ridge,),
                method,
                gtol=gtol,
                max_iterations=max_iterations,
                batch_size=batch_size,
                key=key,
            )
            return cls(*intercept_apart(result.x, k), result)
        alphas = ridge[..., -1] if X.shape[-1] else start(X)
        X, y, shares, finite = finite_data(X, y, shares)
        Z, t = design(X, intercept=fit_intercept), y
        mean, level = xp.zeros_like(X[..., 0, :]), xp.zeros_like(y[..., 0])
        if k:
            X, t, mean, level = centered(X, y, shares)
        roots = xp.sqrt(shares)
        xp = array_namespace(X, alphas)
        w = DIRECT[method](roots[..., None] * X, roots * t, alphas) if X.shape[-1] else start(X, 0)
        b = level - xp.vecdot(mean, w)
        theta = xp.concat([b[..., None], w], axis=-1) if k else w
        return cls(w, b, _result(theta, Z, y, shares, ridge, finite))

    def covariance(self, X: Array, y: Array, /, *, weights: Array | None = None) -> Array:
        """Covariance of the estimates of least squares, intercept first: ``s² (Z' Z)⁻¹``, ``s² = RSS / (n - q)``.

        Parameters
        ----------
        X, y : array
            Data of the fit.
        weights : array, optional
            Weights of the fit, in inverse proportion to the variances of the targets.

        Returns
        -------
        (..., q, q) array
            ``q`` is ``p + 1``, or ``p`` after a fit without intercept.
        """
        X, y, weights = check_data(X, y, weights)
        xp, Z = array_namespace(X), design(X, intercept=self.has_intercept)
        weights = xp.ones_like(y) if weights is None else weights
        r, freedom = y - self(X), max(Z.shape[-2] - Z.shape[-1], 0)
        s2 = xp.vecdot(weights * r, r) / freedom if freedom else xp.full_like(y[..., 0], float("inf"))
        return s2[..., None, None] * inverse(gram(Z, weights))


def _result(theta: Array, Z: Array, y: Array, shares: Array, ridge: Array, finite: Array) -> optim.Result:
    """Result of a direct method: whether its gradient is zero but for roundings."""
    xp = array_namespace(theta)
    value, grad = squared_error(theta, Z, y, shares, ridge)
    lengths = xp.sqrt(product(xp.matrix_transpose(Z * Z), shares) + ridge)
    size = xp.sqrt(xp.vecdot(shares * y, y))[..., None] + xp.sum(
        lengths * xp.abs(theta), axis=-1, keepdims=True
    )
    level = 100.0 * Z.shape[-1] * float(xp.finfo(theta.dtype).eps) ** 0.75
    return told(theta, value, grad, xp.all(xp.abs(grad) <= level * lengths * size, axis=-1), finite, 1)
