"""Softmax regression: the probabilities of many classes are the softmax of affine maps."""

from typing import Any

from xdl import nn, optim
from xdl.core import Array, Module, array_namespace, buffer
from xdl.core._namespace import device_of, is_traced
from xdl.optim._descent import Descent, Move
from xdl.optim._method import Iterate, Method
from xdl.optim._problem import Problem

from .coefficient_table import CoefficientTable
from .fitting import (
    check_data,
    check_labels,
    design,
    intercept_apart,
    minimized,
    normalized_weights,
    penalty_array,
    start,
)
from .matrices import diagonal, gram, inverse, solve_positive

__all__ = ["NewtonScoring", "SoftmaxRegression", "softmax_entropy", "softmax_entropy_hessian"]

ENTRIES = 2**20  # of a block of rows in the sum for the Hessian


def logits(theta: Array, Z: Array, n_classes: int) -> Array:
    """``Z theta'`` (..., n, k); where ``theta`` has one row less than there are classes, zeros for class 0."""
    xp = array_namespace(theta, Z)
    L = xp.matmul(Z, xp.matrix_transpose(theta))
    return L if theta.shape[-2] == n_classes else xp.concat([xp.zeros_like(L[..., :1]), L], axis=-1)


def softmax_entropy(theta: Array, Z: Array, Y: Array, weights: Array, penalty: Array) -> tuple[Array, Array]:
    """Weighted mean of ``-Y' log softmax(theta z)``, plus ``‖theta‖²/2`` with the penalty, and its gradient.

    Parameters
    ----------
    theta : (..., k, q) or (..., k - 1, q) array
        A row of coefficients for each class, or for each but class 0, whose coefficients then are zero.
    Z : (..., n, q) array
        Examples, with a column of ones for intercepts.
    Y : (..., n, k) array
        Probabilities of the classes, such as one-hot rows.
    weights : (..., n) array
        Weights of sum 1.
    penalty : (..., q) array
        Strength of the penalty on each column.
    """
    xp = array_namespace(theta, Z)
    L = logits(theta, Z, Y.shape[-1])
    log_p = nn.log_softmax(L, axis=-1)
    value = -xp.sum(weights * xp.vecdot(Y, log_p), axis=-1)
    R = (weights[..., None] * (xp.exp(log_p) - Y))[..., Y.shape[-1] - theta.shape[-2] :]
    pull = penalty[..., None, :] * theta
    return value + 0.5 * xp.sum(pull * theta, axis=(-2, -1)), xp.matmul(xp.matrix_transpose(R), Z) + pull


def softmax_entropy_hessian(theta: Array, Z: Array, Y: Array, weights: Array, penalty: Array) -> Array:
    """Hessian (..., kq, kq) of `softmax_entropy`, over the entries of ``theta`` row by row.

    That of one example is ``(diag(p) - p p') ⊗ z z'``: blocks on the diagonal, less one symmetric product.
    """
    xp = array_namespace(theta, Z)
    k, q = theta.shape[-2:]
    P = nn.softmax(logits(theta, Z, Y.shape[-1]), axis=-1)[..., Y.shape[-1] - k :]
    blocks = xp.stack([gram(Z, weights * P[..., j]) + diagonal(penalty) for j in range(k)], axis=-3)
    unit = xp.eye(k, dtype=Z.dtype, device=device_of(Z))
    H = blocks[..., :, :, None, :] * unit[:, None, :, None]
    H = xp.reshape(H, (*Z.shape[:-2], k * q, k * q))
    n, scaled = Z.shape[-2], xp.sqrt(weights)[..., None] * P
    size = n if is_traced(type(Z)) else max(ENTRIES // (k * q), -(-n // 64))
    for j in range(0, n, size):
        stop = min(j + size, n)
        B = scaled[..., j:stop, :, None] * Z[..., j:stop, None, :]
        B = xp.reshape(B, (*B.shape[:-2], k * q))
        H = H - xp.matmul(xp.matrix_transpose(B), B)
    return H


class NewtonScoring(Descent):
    """Newton's steps with a convex Hessian, which may be singular; they are shortened until the value decreases.

    Parameters
    ----------
    search : LineSearch
        Shortens steps.
    """

    natural = True

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Newton's direction; where the matrix is singular, one of them."""
        H = problem.hessian(point.x)
        return Move(-solve_positive(H, point.grad))


class SoftmaxRegression(Module):
    """Model of the probabilities of k classes: ``softmax(intercept + X @ coefficients.T)``.

    Parameters
    ----------
    coefficients : (..., k, p) array
        A row for each class.
    intercept : (..., k) array
        One for each class.
    separated : boolean array, optional
        Whether, after a fit without penalty, every example of the data has its own class as the most probable one.
        Then the likelihood has no maximum: it grows with the coefficients for ever.
    result : optim.Result, optional
        How the minimizer ended.

    References
    ----------
    Böhning (1992), doi:10.1007/BF00048682; Liquet, Moka & Nazarathy (2024), section 3.3

    Examples
    --------
    >>> import numpy as np
    >>> from xdl.models import SoftmaxRegression
    >>> X, y = np.asarray([[0.0], [1], [2], [3], [4], [5]]), np.asarray([0, 0, 1, 1, 2, 2])
    >>> SoftmaxRegression.fit(X, y, n_classes=3, alpha=0.01).predict(X)
    array([0, 0, 1, 1, 2, 2], dtype=int32)
    """

    coefficients: Array
    intercept: Array
    separated: Any = buffer(default=None)
    result: Any = buffer(default=None)

    @classmethod
    def fit(
        cls,
        X: Array,
        y: Array,
        /,
        *,
        n_classes: int | None = None,
        reference: bool = False,
        alpha: Any = 0.0,
        weights: Array | None = None,
        fit_intercept: bool = True,
        method: Method | optim.Rule | None = None,
        gtol: float = 1e-6,
        max_iterations: int = 100,
        batch_size: int | None = None,
        key: Array | None = None,
    ) -> "SoftmaxRegression":
        """Minimize the mean cross-entropy plus ``alpha/2 ‖W‖²``.

        Parameters
        ----------
        X : (n, p) or (b, n, p) array of floats
            Rows are examples; b data sets are fitted at once.
        y : (n,) or (b, n) array
            Labels 0, ..., n_classes - 1.
        n_classes : int, optional
            Number of classes k. Default: one more than the largest label, which is then looked at.
        reference : bool
            Whether class 0 has coefficients of zero, as in R's ``multinom``, so that the others are log-odds against it.
            Without it every class has a row, as in scikit-learn; as only differences of rows matter, the rows are
            chosen to have a mean of zero.
        alpha : float or array
            Strength of the penalty, scikit-learn's ``1 / (C n)``. An array (b,) has one for each data set.
        weights : (n,) or (b, n) array, optional
            Weights of the examples; the mean is a weighted one.
        fit_intercept : bool
            Whether there are intercepts. They pay no penalty.
        method : Method or optim.Rule, optional
            Default: Newton's. For many features or classes ``optim.LBFGS()``, or a rule such as ``optim.Adam(0.01)``.
        gtol, max_iterations, batch_size, key
            As in `LogisticRegression.fit`.

        Returns
        -------
        SoftmaxRegression

        Raises
        ------
        ValueError, TypeError
            If shapes do not fit, labels are none of the classes, or ``alpha`` is negative.
        """
        X, labels, weights = check_data(X, y, weights)
        xp = array_namespace(X)
        if n_classes is None:
            n_classes = int(xp.max(labels)) + 1
        if isinstance(n_classes, bool) or not isinstance(n_classes, int) or n_classes < 2:
            message = f"`n_classes` must be an integer of at least 2, got {n_classes!r}"
            raise ValueError(message)
        check_labels(labels, n_classes - 1)
        classes = xp.arange(n_classes, dtype=X.dtype, device=device_of(X))
        Y = xp.astype(labels[..., None] == classes, X.dtype)
        Z, k = design(X, intercept=fit_intercept), int(fit_intercept)
        penalty = penalty_array(alpha, X, free=k)
        result = minimized(
            softmax_entropy,
            softmax_entropy_hessian,
            start(Z, n_classes - bool(reference), Z.shape[-1]),
            (Z, Y, normalized_weights(weights, labels)),
            (penalty,),
            NewtonScoring() if method is None else method,
            gtol=gtol,
            max_iterations=max_iterations,
            batch_size=batch_size,
            key=key,
        )
        theta = result.x
        L = logits(theta, Z, n_classes)
        own = xp.sum(Y * L, axis=-1, keepdims=True)
        ahead = xp.all((own > L) | (Y > 0), axis=(-2, -1))
        if reference:
            theta = xp.concat([xp.zeros_like(theta[..., :1, :]), theta], axis=-2)
        else:
            theta = theta - xp.mean(theta, axis=-2, keepdims=True)
        return cls(*intercept_apart(theta, k), ahead & xp.all(penalty == 0, axis=-1), result)

    @property
    def success(self) -> Any:
        """Whether the fit converged to a minimum; for many data sets a boolean array."""
        if self.result is None:
            return True
        good = array_namespace(self.coefficients).logical_not(self.separated) & self.result.success
        return good if self.coefficients.ndim > 2 else bool(good)

    @property
    def message(self) -> str:
        """What became of the fit, in words."""
        if self.result is None:
            return "not fitted"
        if not bool(array_namespace(self.coefficients).any(self.separated)):
            return self.result.message
        return (
            "not converged: hyperplanes separate the classes, so the likelihood has no maximum; "
            "give a penalty, alpha > 0"
        )

    def decision_function(self, X: Array, /) -> Array:
        """Logits (..., n, k) of the classes for examples ``X`` (..., n, p)."""
        xp = array_namespace(X, self.coefficients)
        return xp.matmul(X, xp.matrix_transpose(self.coefficients)) + self.intercept[..., None, :]

    def __call__(self, X: Array, /) -> Array:
        """Logits, as `decision_function`."""
        return self.decision_function(X)

    def predict_proba(self, X: Array, /) -> Array:
        """Probabilities (..., n, k) of the classes."""
        return nn.softmax(self.decision_function(X), axis=-1)

    def predict(self, X: Array, /) -> Array:
        """Most probable classes (..., n)."""
        L = self.decision_function(X)
        xp = array_namespace(L)
        return xp.astype(xp.argmax(L, axis=-1), xp.int32)

    def covariance(self, X: Array, y: Array, /, *, weights: Array | None = None) -> Array:
        """Covariance of the estimates of a fit with ``reference=True``: the inverse of the Fisher information.

        Parameters
        ----------
        X, y : array
            Data of the fit.
        weights : array, optional
            Weights of the fit, which count as numbers of equal examples.

        Returns
        -------
        (..., m, m) array
            Over the coefficients of class 1, intercept first, then those of class 2, and so on.
        """
        if self.result is None or self.result.x.shape[-2] == self.coefficients.shape[-2]:
            message = "only differences of rows are determined: fit with reference=True for their errors"
            raise ValueError(message)
        X, y, weights = check_data(X, y, weights)
        xp, theta = array_namespace(X), self.result.x
        Z = design(X, intercept=theta.shape[-1] > X.shape[-1])
        Y = xp.zeros_like(self.decision_function(X))
        counts = xp.ones_like(y) if weights is None else weights
        return inverse(softmax_entropy_hessian(theta, Z, Y, counts, start(Z, Z.shape[-1])))

    def standard_errors(self, X: Array, y: Array, /, *, weights: Array | None = None) -> Array:
        """Standard errors (..., k - 1, q) of a fit with ``reference=True``, intercepts first: see `covariance`."""
        xp = array_namespace(X)
        errors = xp.sqrt(xp.linalg.diagonal(self.covariance(X, y, weights=weights)))
        return xp.reshape(errors, self.result.x.shape)

    def table(self, X: Array, y: Array, /, *, weights: Array | None = None) -> CoefficientTable:
        """Estimates, standard errors, z and two-sided p-values of a fit with ``reference=True``."""
        return CoefficientTable(self.result.x, self.standard_errors(X, y, weights=weights))
