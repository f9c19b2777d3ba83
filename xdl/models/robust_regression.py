"""Robust linear regression: Huber's loss, and the absolute loss as its limit."""

from typing import Any

from xdl import optim
from xdl.core import Array, array_namespace, asarray
from xdl.core._namespace import is_array
from xdl.optim._descent import Descent, Move
from xdl.optim._method import Iterate, Method
from xdl.optim._problem import Problem

from .fitting import check_data, design, intercept_apart, minimized, normalized_weights, penalty_array, start
from .linear_regression import LinearModel
from .matrices import diagonal, gram, product, solve_positive

__all__ = ["HuberRegression", "LeastAbsoluteDeviations"]


def huber_error(
    theta: Array, Z: Array, y: Array, weights: Array, penalty: Array, delta: Array
) -> tuple[Array, Array]:
    """Weighted mean of Huber's loss of ``r = y - Z theta``, plus ``penalty' theta²/2``, and its gradient.

    The loss is ``r²/2`` where ``|r| <= delta`` and ``delta (|r| - delta/2)`` elsewhere.
    """
    xp = array_namespace(theta, Z)
    r = y - product(Z, theta)
    bound = delta[..., None]
    clipped = xp.minimum(xp.maximum(r, -bound), bound)
    pull = penalty * theta
    value = xp.vecdot(weights, clipped * (r - 0.5 * clipped)) + 0.5 * xp.vecdot(pull, theta)
    return value, pull - product(xp.matrix_transpose(Z), weights * clipped)


def huber_hessian(theta: Array, Z: Array, y: Array, weights: Array, penalty: Array, delta: Array) -> Array:
    """Hessian of `huber_error` where it has one: only the residuals up to ``delta`` bend the loss."""
    xp = array_namespace(theta, Z)
    r = y - product(Z, theta)
    return gram(Z, weights * xp.astype(xp.abs(r) <= delta[..., None], r.dtype)) + diagonal(penalty)


class ReweightedSquares(Descent):
    """Iteratively reweighted least squares for `huber_error`: weights ``min(1, delta / |r|)``.

    The weighted sum of squares lies above the loss and touches it, so every step decreases the loss. Where enough
    residuals are within ``delta`` to determine a step, the Hessian gives a longer one, which ends after finitely many.

    Parameters
    ----------
    search : LineSearch
        Shortens steps of the Hessian.

    References
    ----------
    Huber & Ronchetti (2009), section 7.8; Madsen & Nielsen (1990), doi:10.1007/BF02017353, on the finite method
    """

    natural = True

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Newton's step where it is the better one, else the step of the reweighted squares."""
        xp, (Z, y, weights, penalty, delta) = array_namespace(point.x), problem.args
        size = xp.abs(y - product(Z, point.x))
        within = size <= delta[..., None]
        # Outside, a tenth of the weight of the squares above the loss: more than the Hessian's zero, so that
        # the matrix is never singular where those squares determine the step.
        outer = delta[..., None] / xp.where(within, xp.ones_like(size), size)
        share = xp.where(within, xp.ones_like(size), 0.1 * outer)
        return Move(-solve_positive(gram(Z, weights * share), point.grad, penalty))


class HuberRegression(LinearModel):
    """Linear model fitted by Huber's loss, on which outliers have a bounded influence.

    Parameters
    ----------
    coefficients : (..., p) array
        One for each feature.
    intercept : (...,) array
        Prediction where all features are 0.
    result : optim.Result, optional
        How the minimizer ended.

    References
    ----------
    Huber (1964), doi:10.1214/aoms/1177703732; Liquet, Moka & Nazarathy (2024), section 2.3, figure 2.6

    Examples
    --------
    >>> import numpy as np
    >>> from xdl.models import HuberRegression
    >>> X, y = np.asarray([[0.0], [1], [2], [3], [4]]), np.asarray([0.0, 1, 2, 3, 100])
    >>> model = HuberRegression.fit(X, y, delta=0.01)
    >>> np.round(model.predict(X), 2)
    array([-0.01,  1.  ,  2.01,  3.01,  4.02])
    """

    @classmethod
    def fit(
        cls,
        X: Array,
        y: Array,
        /,
        *,
        delta: Any = 1.0,
        alpha: Any = 0.0,
        weights: Array | None = None,
        fit_intercept: bool = True,
        method: Method | optim.Rule | None = None,
        gtol: float = 1e-6,
        max_iterations: int = 200,
        batch_size: int | None = None,
        key: Array | None = None,
    ) -> "HuberRegression":
        """Minimize the mean of Huber's loss plus ``alpha/2 ‖w‖²``.

        Parameters
        ----------
        X : (n, p) or (b, n, p) array of floats
            Rows are examples; b data sets are fitted at once.
        y : (n,) or (b, n) array
            Targets.
        delta : float or array
            Residual from which on the loss is linear, in units of ``y``. scikit-learn's ``HuberRegressor`` estimates a
            scale and has ``epsilon`` of it here.
        alpha : float or array
            Strength of a ridge penalty.
        weights : (n,) or (b, n) array, optional
            Weights of the losses.
        fit_intercept : bool
            Whether there is an intercept. It pays no penalty.
        method : Method or optim.Rule, optional
            Default: iteratively reweighted least squares.
        gtol, max_iterations, batch_size, key
            As in `LogisticRegression.fit`.

        Returns
        -------
        HuberRegression
        """
        X, y, weights = check_data(X, y, weights)
        bound = _positive("delta", delta, X)
        Z, k = design(X, intercept=fit_intercept), int(fit_intercept)
        result = minimized(
            huber_error,
            huber_hessian,
            start(Z, Z.shape[-1]),
            (Z, y, normalized_weights(weights, y)),
            (penalty_array(alpha, X, free=k), bound),
            ReweightedSquares() if method is None else method,
            gtol=gtol,
            max_iterations=max_iterations,
            batch_size=batch_size,
            key=key,
        )
        return cls(*intercept_apart(result.x, k), result)


class LeastAbsoluteDeviations(LinearModel):
    """Linear model fitted by the absolute loss: the conditional median.

    Parameters
    ----------
    coefficients : (..., p) array
        One for each feature.
    intercept : (...,) array
        Prediction where all features are 0.
    result : optim.Result, optional
        How the last minimization ended, of Huber's loss; it has no sharp corner.

    References
    ----------
    Madsen & Nielsen (1993), doi:10.1137/0803010: the minimum of Huber's loss for a ``delta`` that goes to zero
    """

    @classmethod
    def fit(
        cls,
        X: Array,
        y: Array,
        /,
        *,
        weights: Array | None = None,
        fit_intercept: bool = True,
        smoothing: float = 1e-6,
        max_iterations: int = 200,
    ) -> "LeastAbsoluteDeviations":
        """Minimize the mean of ``|y - b - X w|``, by Huber's losses that come closer and closer to it.

        Parameters
        ----------
        X : (n, p) or (b, n, p) array of floats
            Rows are examples; b data sets are fitted at once.
        y : (n,) or (b, n) array
            Targets.
        weights : (n,) or (b, n) array, optional
            Weights of the losses.
        fit_intercept : bool
            Whether there is an intercept.
        smoothing : float
            The last ``delta``, as a part of the mean deviation of ``y``. The mean loss exceeds its minimum by no more
            than half of it.
        max_iterations : int
            Largest number of steps for each of the losses.

        Returns
        -------
        LeastAbsoluteDeviations
        """
        X, y, weights = check_data(X, y, weights)
        if not 0 < smoothing < 1:
            message = f"`smoothing` must be in (0, 1), got {smoothing!r}"
            raise ValueError(message)
        xp, k = array_namespace(X), int(fit_intercept)
        Z, shares = design(X, intercept=fit_intercept), normalized_weights(weights, y)
        middle = xp.vecdot(shares, y)[..., None] if k else xp.zeros_like(y[..., :1])
        scale = xp.vecdot(shares, xp.abs(y - middle))
        scale = xp.where(scale > 0, scale, xp.ones_like(scale))
        theta, penalty = start(Z, Z.shape[-1]), penalty_array(0.0, X, free=k)
        levels = [0.1**j for j in range(40) if 0.1**j > 1.5 * smoothing] + [smoothing]
        result = None
        for level in levels:
            result = optim.minimize(
                huber_error,
                theta,
                # divided by delta, so that the slopes have one size at all levels, and one program serves them
                (Z, y / scale[..., None], shares / level, penalty, level + 0.0 * scale),
                method=ReweightedSquares(),
                gradient=True,
                batched=X.ndim == 3,
                gtol=1e-3 / Z.shape[-2],
                max_iterations=max_iterations,
            )
            theta = result.x
        w, b = intercept_apart(theta, k)
        return cls(w * scale[..., None], b * scale, result)


def _positive(name: str, value: Any, X: Array) -> Array:
    """Positive number, or one for each data set, as an array."""
    if is_array(value):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        message = f"`{name}` must be a positive number or an array, got {value!r}"
        raise ValueError(message)
    return asarray(float(value), like=X, dtype=X.dtype)
