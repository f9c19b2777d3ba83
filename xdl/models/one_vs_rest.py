"""Many classes by models of two: each class against the rest, or against each other one."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

from xdl.core import Array, Module, array_namespace, static
from xdl.core._namespace import device_of

from .fitting import check_data, check_labels
from .linear_regression import LinearRegression

__all__ = ["OneVsOne", "OneVsRest"]


class OneVsRest(Module):
    """One model for each class, whose scores are compared.

    Parameters
    ----------
    models : tuple
        ``models[k](X)`` gives scores (n,) that are large for class k.

    References
    ----------
    Rifkin & Klautau (2004), Journal of Machine Learning Research 5, 101; Liquet, Moka & Nazarathy (2024),
    section 2.3, table 2.1

    Examples
    --------
    >>> import numpy as np
    >>> from xdl.models import LogisticRegression, OneVsRest
    >>> X, y = np.asarray([[0.0, 0], [1, 0], [5, 0], [6, 0], [0, 5], [1, 6]]), np.asarray([0, 0, 1, 1, 2, 2])
    >>> fit = lambda X, t, **options: LogisticRegression.fit(X, t, alpha=0.1, **options)
    >>> OneVsRest.fit(X, y, fit, n_classes=3, targets=(0, 1)).predict(X)
    array([0, 0, 1, 1, 2, 2], dtype=int32)
    """

    models: tuple[Any, ...]

    @classmethod
    def fit(
        cls,
        X: Array,
        y: Array,
        /,
        fit: Callable[..., Any] = LinearRegression.fit,
        *,
        n_classes: int,
        targets: tuple[float, float] = (-1.0, 1.0),
        weights: Array | None = None,
    ) -> "OneVsRest":
        """Fit one model for each class.

        Parameters
        ----------
        X : (n, p) array of floats
            Rows are examples.
        y : (n,) array
            Labels 0, ..., n_classes - 1.
        fit : callable
            ``fit(X, targets, weights=weights)`` returns a model. Default: least squares.
        n_classes : int
            Number of classes.
        targets : (float, float)
            Targets of the rest, and of the class: (-1, 1) for linear models, (0, 1) for logistic ones.
        weights : (n,) array, optional
            Weights of the examples.

        Returns
        -------
        OneVsRest
        """
        X, y, weights = _checked(X, y, weights, n_classes)
        low, high = targets
        return cls(tuple(fit(X, _choose(y == k, high, low, y), weights=weights) for k in range(n_classes)))

    def decision_function(self, X: Array, /) -> Array:
        """Scores (n, n_classes) of the classes."""
        return array_namespace(X).stack([model(X) for model in self.models], axis=-1)

    def __call__(self, X: Array, /) -> Array:
        """Scores, as `decision_function`."""
        return self.decision_function(X)

    def predict(self, X: Array, /) -> Array:
        """Classes (n,) with the highest score."""
        xp = array_namespace(X)
        return xp.astype(xp.argmax(self.decision_function(X), axis=-1), xp.int32)


class OneVsOne(Module):
    """One model for each pair of classes, which vote.

    Parameters
    ----------
    models : tuple
        One for each of the pairs (0, 1), (0, 2), ..., in the order of `itertools.combinations`; a score above zero
        is a vote for the first class of its pair.
    n_classes : int
        Number of classes.

    References
    ----------
    Hastie & Tibshirani (1998), doi:10.1214/aos/1028144844; Liquet, Moka & Nazarathy (2024), section 2.3, table 2.1
    """

    models: tuple[Any, ...]
    n_classes: int = static()

    @classmethod
    def fit(
        cls,
        X: Array,
        y: Array,
        /,
        fit: Callable[..., Any] = LinearRegression.fit,
        *,
        n_classes: int,
        targets: tuple[float, float] = (-1.0, 1.0),
        weights: Array | None = None,
    ) -> "OneVsOne":
        """Fit one model for each pair of classes, with weights of zero for the examples of the others.

        Parameters
        ----------
        X : (n, p) array of floats
            Rows are examples.
        y : (n,) array
            Labels 0, ..., n_classes - 1, each of which occurs.
        fit : callable
            ``fit(X, targets, weights=weights)`` returns a model. Default: least squares.
        n_classes : int
            Number of classes.
        targets : (float, float)
            Targets of the second and of the first class of a pair: (-1, 1) for linear models, (0, 1) for logistic
            ones.
        weights : (n,) array, optional
            Weights of the examples.

        Returns
        -------
        OneVsOne
        """
        X, y, weights = _checked(X, y, weights, n_classes)
        low, high = targets
        models = []
        for a, b in combinations(range(n_classes), 2):
            part = _choose((y == a) | (y == b), 1.0, 0.0, y)
            part = part if weights is None else part * weights
            models.append(fit(X, _choose(y == a, high, low, y), weights=part))
        return cls(tuple(models), n_classes)

    def votes(self, X: Array, /) -> Array:
        """Numbers of votes (n, n_classes) for the classes."""
        xp, found = array_namespace(X), [0] * self.n_classes
        for (a, b), model in zip(combinations(range(self.n_classes), 2), self.models, strict=True):
            first = xp.astype(model(X) > 0, xp.int32)
            found[a], found[b] = found[a] + first, found[b] + (1 - first)
        return xp.stack(found, axis=-1)

    def predict(self, X: Array, /) -> Array:
        """Classes (n,) with the most votes; of several, the first."""
        xp = array_namespace(X)
        return xp.astype(xp.argmax(self.votes(X), axis=-1), xp.int32)


def _checked(X: Array, y: Array, weights: Array | None, n_classes: int) -> tuple[Array, Array, Array | None]:
    X, y, weights = check_data(X, y, weights)
    if isinstance(n_classes, bool) or not isinstance(n_classes, int) or n_classes < 2:
        message = f"`n_classes` must be an integer of at least 2, got {n_classes!r}"
        raise ValueError(message)
    check_labels(y, n_classes - 1)
    return X, y, weights


def _choose(condition: Array, yes: float, no: float, like: Array) -> Array:
    xp = array_namespace(like)
    yes, no = (xp.asarray(float(v), dtype=like.dtype, device=device_of(like)) for v in (yes, no))
    return xp.where(condition, yes, no)
