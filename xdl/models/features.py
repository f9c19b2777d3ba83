"""Features of linear models: standardized, polynomial, and of categories."""

from itertools import combinations_with_replacement
from typing import Any

from xdl.core import Array, Module, array_namespace, buffer
from xdl.core._namespace import device_of

__all__ = ["Standardization", "categorical_features", "polynomial_features"]


class Standardization(Module):
    """Map that gives the features of its data mean 0 and standard deviation 1.

    Parameters
    ----------
    mean : (..., p) array
        Means of the features.
    scale : (..., p) array
        Standard deviations; 1 for a feature that is constant.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl.models import LinearRegression, Standardization
    >>> X, y = np.asarray([[1.0, 100.0], [2.0, 300.0], [3.0, 200.0]]), np.asarray([1.0, 2.0, 4.0])
    >>> standardize = Standardization.fit(X)
    >>> model = LinearRegression.fit(standardize(X), y)
    >>> np.allclose(standardize.undo(model)(X), model(standardize(X)))
    True
    """

    mean: Any = buffer()
    scale: Any = buffer()

    @classmethod
    def fit(cls, X: Array, /, *, weights: Array | None = None) -> "Standardization":
        """Means and standard deviations, of which the divisor is n, of examples ``X`` (..., n, p)."""
        xp = array_namespace(X)
        if weights is None:
            weights = xp.ones_like(X[..., 0])
        shares = (weights / xp.sum(weights, axis=-1, keepdims=True))[..., None]
        mean = xp.sum(shares * X, axis=-2)
        centered = X - mean[..., None, :]
        scale = xp.sqrt(xp.sum(shares * centered * centered, axis=-2))
        # rounding leaves a little of a constant that is not a power of two
        noise = 4.0 * float(xp.finfo(X.dtype).eps) * xp.abs(mean)
        return cls(mean, xp.where(scale > noise, scale, xp.ones_like(scale)))

    def __call__(self, X: Array, /) -> Array:
        """Standardized examples (..., n, p)."""
        return (X - self.mean[..., None, :]) / self.scale[..., None, :]

    def undo(self, model: Any, /) -> Any:
        """Model that takes features as they are, where ``model`` takes standardized ones: the same predictions.

        Parameters
        ----------
        model : Module
            With ``coefficients`` (..., p) and an ``intercept``, such as `LogisticRegression`; of softmax regression
            (..., k, p) and (..., k).
        """
        xp, mean, scale = array_namespace(self.mean), self.mean, self.scale
        if model.coefficients.ndim > mean.ndim:
            mean, scale = mean[..., None, :], scale[..., None, :]
        w = model.coefficients / scale
        return model.replace(coefficients=w, intercept=model.intercept - xp.sum(w * mean, axis=-1))


def polynomial_features(X: Array, /, degree: int, *, interactions: bool = True) -> Array:
    """Products of features up to a degree, without the constant.

    Parameters
    ----------
    X : (..., n, p) array
        Examples.
    degree : int
        Highest degree, at least 1.
    interactions : bool
        Whether there are products of different features; without them only powers.

    Returns
    -------
    (..., n, m) array
        By degree, then in the order of `itertools.combinations_with_replacement`, as scikit-learn's
        ``PolynomialFeatures(degree, include_bias=False)``.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl.models import polynomial_features
    >>> polynomial_features(np.asarray([[2.0, 3.0]]), 2)
    array([[2., 3., 4., 6., 9.]])
    """
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 1:
        message = f"`degree` must be a positive integer, got {degree!r}"
        raise ValueError(message)
    xp, p = array_namespace(X), X.shape[-1]
    last: dict[tuple[int, ...], Array] = {(j,): X[..., j] for j in range(p)}
    columns = list(last.values())
    for d in range(2, degree + 1):
        chosen = combinations_with_replacement(range(p), d) if interactions else ((j,) * d for j in range(p))
        last = {powers: last[powers[:-1]] * X[..., powers[-1]] for powers in chosen}
        columns += last.values()
    return xp.stack(columns, axis=-1)


def categorical_features(
    labels: Array, n_categories: int, /, *, like: Array, reference: bool = True
) -> Array:
    """Indicators of categories, of which the first is left out: what an intercept stands for.

    Parameters
    ----------
    labels : (..., n) array of integers
        Categories 0, ..., n_categories - 1.
    n_categories : int
        Number of categories.
    like : array of floats
        Has the dtype of the result.
    reference : bool
        Whether category 0 has no column.

    Returns
    -------
    (..., n, n_categories - 1) or (..., n, n_categories) array
    """
    xp = array_namespace(labels)
    which = xp.arange(int(bool(reference)), n_categories, dtype=labels.dtype, device=device_of(labels))
    return xp.astype(labels[..., None] == which, like.dtype)
