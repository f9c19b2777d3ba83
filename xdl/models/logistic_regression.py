"""Logistic regression: the probability of one of two classes is the sigmoid of an affine map."""

from typing import Any

from xdl import optim
from xdl.core import Array, array_namespace, buffer
from xdl.linalg._solve import solve
from xdl.nn._losses.likelihoods import derivatives_of_sigmoid_cross_entropy
from xdl.optim._method import Iterate, Method
from xdl.optim._problem import Problem
from xdl.optim._status import Status

from .coefficient_table import Estimated
from .fitting import (
    check_data,
    check_labels,
    check_strength,
    checked_fit,
    design,
    intercept_apart,
    minimized,
    normalized_weights,
    penalty_array,
    start,
)
from .matrices import diagonal, gram, inner, inverse, product, regularization, transposed_product

__all__ = ["IRLS", "LogisticRegression", "cross_entropy", "cross_entropy_hessian"]


# ---- the objective: value, gradient and Hessian, written out ----


def cross_entropy(
    theta: Array, Z: Array, y: Array, weights: Array, penalty: Array | None
) -> tuple[Array, Array]:
    """Weighted mean of ``-y ln p - (1 - y) ln(1 - p)``, plus ``penalty' theta²/2``, and its gradient.

    Parameters
    ----------
    theta : (..., q) array
        Coefficients.
    Z : (..., n, q) array
        Examples, with a column of ones for an intercept.
    y : (..., n) array
        Targets, in [0, 1].
    weights : (..., n) array
        Weights of sum 1.
    penalty : (..., q) array, optional
        Strength of the penalty on each coefficient; None for none.
    """
    return terms(theta, Z, y, weights, penalty)[:2]


def cross_entropy_hessian(theta: Array, Z: Array, y: Array, weights: Array, penalty: Array | None) -> Array:
    """Hessian of `cross_entropy`, and Fisher information: ``Z' diag(weights p (1 - p)) Z + diag(penalty)``."""
    H = gram(Z, weights * variance(product(Z, theta)))
    return H if penalty is None else H + diagonal(penalty)


def terms(
    theta: Array, Z: Array, y: Array, weights: Array, penalty: Array | None
) -> tuple[Array, Array, Array]:
    """Value and gradient of `cross_entropy`, and the weights ``p (1 - p)`` of its Hessian."""
    loss, residual, curvature = derivatives_of_sigmoid_cross_entropy(product(Z, theta), y)
    value, slope = inner(weights, loss), transposed_product(Z, weights * residual)
    if penalty is not None:
        pull = penalty * theta
        value, slope = value + 0.5 * inner(pull, theta), slope + pull
    return value, slope, weights * curvature


def variance(z: Array) -> Array:
    """``p (1 - p)`` for logits ``z``."""
    xp = array_namespace(z)
    e = xp.exp(-xp.abs(z))
    return e / ((1.0 + e) * (1.0 + e))


class IRLS(Method):
    """Iteratively reweighted least squares, or Fisher scoring, for `cross_entropy`.

    ``theta <- theta + (Z' W Z)⁻¹ Z' (y - p)`` with ``W = diag(p (1 - p))``, which is Newton's step. One that does not
    decrease the objective is halved, so the method converges from any start; R's ``glm`` takes it as it is.

    References
    ----------
    Green (1984), doi:10.1111/j.2517-6161.1984.tb01288.x; McCullagh & Nelder (1989), section 2.5; Marschner
    (2011), doi:10.32614/RJ-2011-012, on steps that must be shortened
    """

    derivatives = 2

    def init(self, problem: Problem, x: Array) -> Iterate:
        """Evaluate, and remember the weights and the length of the step."""
        xs, penalty = problem.xs, problem.args[3]
        value, grad, curvature = terms(x, *problem.args)
        value = xs.number(value)
        finite = xs.isfinite(value) & xs.isfinite(xs.largest(grad))
        return Iterate(
            x=x,
            value=value,
            grad=grad,
            status=xs.where(finite, xs.integer(int(Status.RUNNING)), xs.integer(int(Status.NOT_FINITE))),
            iterations=xs.integer(0),
            evaluations=xs.integer(1),
            products=xs.integer(0),
            memory=(curvature, xs.constant(1.0), *regularization(x, penalty)),
        )

    def step(self, problem: Problem, state: Iterate) -> Iterate:
        """Solve for a step and look at its end."""
        xs, Z = problem.xs, problem.args[0]
        curvature, length, factor, summand = state.memory
        d = solve(gram(Z, curvature) * factor + summand, state.grad)
        x = state.x - xs.expand(length) * d
        value, grad, after = terms(x, *problem.args)
        value, count = xs.number(value), state.evaluations + 1
        good = value <= state.value - 1e-4 * length * xs.dot(d, state.grad)
        if not (xs.host and good):
            # At the minimum the value cannot tell points apart any more, while the gradient still can.
            level = value <= state.value + 4.0 * xs.eps * xs.abs(state.value)
            good = good | (level & (xs.dot(grad, grad) < xs.dot(state.grad, state.grad)))
        moved = state.replace(
            x=x,
            value=value,
            grad=grad,
            evaluations=count,
            iterations=state.iterations + 1,
            memory=(after, xs.constant(1.0), factor, summand),
        )
        if xs.host and good:
            return moved
        hopeless = xs.where(length < 1e-9, xs.integer(int(Status.NO_PROGRESS)), state.status)
        memory = (curvature, 0.5 * length, factor, summand)
        stayed = state.replace(evaluations=count, status=hopeless, memory=memory)
        return stayed if xs.host else xs.select(good, moved, stayed)


class LogisticRegression(Estimated):
    """Model of the probability of class 1: ``sigmoid(intercept + X @ coefficients)``.

    Parameters
    ----------
    coefficients : (..., p) array
        One for each feature.
    intercept : (...,) array
        Logit where all features are 0.
    separated : boolean array, optional
        Whether a hyperplane separates the classes of the data of a fit without penalty. Then the likelihood has
        no maximum: it grows with the coefficients for ever, and those found say no more than the direction.
    result : optim.Result, optional
        How the minimizer ended.

    References
    ----------
    Cox (1958), doi:10.1111/j.2517-6161.1958.tb00292.x; Liquet, Moka & Nazarathy (2024), section 3.1

    Examples
    --------
    >>> import numpy as np
    >>> from xdl.models import LogisticRegression
    >>> X, y = np.asarray([[0.0], [1.0], [2.0], [3.0]]), np.asarray([0, 1, 0, 1])
    >>> model = LogisticRegression.fit(X, y)
    >>> model.predict(X), np.round(model.predict_proba(X)[:, 1], 3)
    (array([0, 0, 1, 1], dtype=int32), array([0.204, 0.388, 0.612, 0.796]))
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
        alpha: Any = 0.0,
        weights: Array | None = None,
        fit_intercept: bool = True,
        method: Method | optim.Rule | None = None,
        gtol: float = 1e-6,
        max_iterations: int = 100,
        batch_size: int | None = None,
        key: Array | None = None,
    ) -> "LogisticRegression":
        """Fit by maximum likelihood, or with a penalty: minimize the mean cross-entropy plus ``alpha/2 ‖w‖²``.

        Parameters
        ----------
        X : (n, p) or (b, n, p) array of floats
            Rows are examples; b data sets are fitted at once.
        y : (n,) or (b, n) array
            Labels 0 and 1, or probabilities.
        alpha : float or array
            Strength of the penalty; scikit-learn's ``1 / (C n)``, glmnet's ``lambda`` with its ``alpha = 0``.
            An array (b,) has one for each data set.
        weights : (n,) or (b, n) array, optional
            Weights of the examples; the mean is a weighted one.
        fit_intercept : bool
            Whether there is an intercept. It pays no penalty.
        method : Method or optim.Rule, optional
            Default: `IRLS`. Others: ``optim.LBFGS()``, ``optim.GradientDescent()``, or a rule such as ``optim.Adam(0.01)``.
        gtol : float
            Largest entry of the gradient at the end.
        max_iterations : int
            Largest number of steps; of passes over all examples with a ``batch_size``.
        batch_size : int, optional
            With a rule, the number of examples in a step; default: all.
        key : (2,) array of uint32, optional
            Of the order in which examples are taken; default: ``random.key(0)``.

        Returns
        -------
        LogisticRegression

        Raises
        ------
        ValueError, TypeError
            If shapes do not fit, labels lie outside [0, 1], or ``alpha`` is negative.
        """
        X, y, weights = check_data(X, y, weights)
        strength = check_strength(alpha, X)
        options = {
            "fit_intercept": fit_intercept,
            "method": IRLS() if method is None else method,
            "gtol": gtol,
            "max_iterations": max_iterations,
        }
        if batch_size is None:
            return cls(*checked_fit(_fit, X, y, weights, strength, **options))
        check_labels(y, 1, between=True)
        return cls(*_fit(X, y, weights, strength, **options, batch_size=batch_size, key=key))

    @property
    def success(self) -> Any:
        """Whether the fit converged to a minimum; for many data sets a boolean array."""
        if self.result is None:
            return True
        xp = array_namespace(self.coefficients)
        good = xp.logical_not(self.separated) & self.result.success
        return good if self.coefficients.ndim > 1 else bool(good)

    @property
    def message(self) -> str:
        """What became of the fit, in words."""
        if self.result is None:
            return "not fitted"
        xp = array_namespace(self.coefficients)
        if not bool(xp.any(self.separated)):
            return self.result.message
        return (
            "not converged: a hyperplane separates the classes, so the likelihood has no maximum; "
            "give a penalty, alpha > 0"
        )

    def decision_function(self, X: Array, /) -> Array:
        """Log-odds of class 1, (..., n), for examples ``X`` (..., n, p)."""
        return product(X, self.coefficients) + self.intercept[..., None]

    def __call__(self, X: Array, /) -> Array:
        """Log-odds of class 1, as `decision_function`."""
        return self.decision_function(X)

    def odds(self, X: Array, /) -> Array:
        """Probability of class 1 by that of class 0, (..., n)."""
        z = self.decision_function(X)
        return array_namespace(z).exp(z)

    def predict_proba(self, X: Array, /) -> Array:
        """Probabilities of classes 0 and 1, (..., n, 2)."""
        z = self.decision_function(X)
        xp = array_namespace(z)
        e = xp.exp(-xp.abs(z))
        small, large = e / (1.0 + e), 1.0 / (1.0 + e)
        return xp.stack([xp.where(z >= 0, small, large), xp.where(z >= 0, large, small)], axis=-1)

    def predict(self, X: Array, /, *, threshold: float = 0.5) -> Array:
        """Labels 0 or 1, (..., n): 1 where its probability is more than the threshold."""
        z = self.decision_function(X)
        xp = array_namespace(z)
        if threshold != 0.5:
            z = self.predict_proba(X)[..., 1] - threshold
        return xp.astype(z > 0, xp.int32)

    def boundary(self, x1: Array, /) -> Array:
        """Second of two features where both classes are as likely, at values (..., m) of the first."""
        if self.coefficients.shape[-1] != 2:
            message = f"a boundary is a line for 2 features, this model has {self.coefficients.shape[-1]}"
            raise ValueError(message)
        w = self.coefficients
        return -(self.intercept[..., None] + w[..., :1] * x1) / w[..., 1:]

    def covariance(self, X: Array, y: Array, /, *, weights: Array | None = None) -> Array:
        """Covariance of the estimates, intercept first: the inverse of the Fisher information.

        Parameters
        ----------
        X, y : array
            Data of the fit.
        weights : array, optional
            Weights of the fit, which count as numbers of equal examples.

        Returns
        -------
        (..., q, q) array
            ``q`` is ``p + 1``, or ``p`` after a fit without intercept. Where the data do not determine the
            coefficients, entries are huge.
        """
        X, y, weights = check_data(X, y, weights)
        counts = variance(self.decision_function(X))
        counts = counts if weights is None else counts * weights
        return inverse(gram(design(X, intercept=self.has_intercept), counts))


def _fit(
    X: Array,
    y: Array,
    weights: Array | None,
    alpha: Any,
    *,
    fit_intercept: bool,
    batch_size: int | None = None,
    key: Array | None = None,
    **options: Any,
) -> tuple[Array, Array, Array, optim.Result]:
    """Coefficients, intercept, whether classes are separated, and the minimizer's result."""
    Z, k = design(X, intercept=fit_intercept), int(fit_intercept)
    penalty = None if isinstance(alpha, float) and alpha == 0.0 else penalty_array(alpha, X, free=k)
    result = minimized(
        cross_entropy,
        cross_entropy_hessian,
        start(Z, Z.shape[-1]),
        (Z, y, normalized_weights(weights, y)),
        (penalty,),
        batch_size=batch_size,
        key=key,
        **options,
    )
    xp = array_namespace(Z, result.x)
    separated = xp.min((y - 0.5) * product(Z, result.x), axis=-1) > 0
    if penalty is not None:
        separated = separated & xp.all(penalty == 0, axis=-1)
    return *intercept_apart(result.x, k), separated, result
