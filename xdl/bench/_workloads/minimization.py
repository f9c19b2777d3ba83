"""Minimization in float32: fits of a logistic regression by Newton's method and by L-BFGS, and many small problems."""

from collections.abc import Callable
from typing import Any

from xdl import models, nn, optim
from xdl.core import Array, array_namespace

from .workload import Workload, normal, uniform

__all__ = ["WORKLOADS"]

FEATURES = 50
GTOL = 1e-4  # what float32 reaches for certain


def _inputs(examples: int) -> dict[str, Any]:
    X, w = normal(1, (examples, FEATURES)), normal(2, (FEATURES,), 0.2)
    xp = array_namespace(X)
    # not separable, so that there is a solution without a penalty
    y = xp.astype(uniform(3, (examples,)) < 1 / (1 + xp.exp(-(X @ w))), xp.float32)
    return {"X": X, "y": y}


def _newton(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    X, y = arrays["X"], arrays["y"]
    return lambda: models.LogisticRegression.fit(X, y, fit_intercept=False, gtol=GTOL).coefficients


def _loss(w: Array, X: Array, y: Array) -> Array:
    return nn.sigmoid_cross_entropy(X @ w, y)


def _lbfgs(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    X, y = arrays["X"], arrays["y"]
    start, method = X[0, :] * 0.0, optim.LBFGS()
    return lambda: optim.minimize(_loss, start, (X, y), method=method, gtol=GTOL).x


def _starts(problems: int) -> dict[str, Any]:
    return {"x": 0.5 + uniform(1, (problems, 10))}  # all find the same minimum


def _rosenbrock(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    def f(x: Array) -> Array:
        xp = array_namespace(x)
        here, ahead = x[..., :-1], x[..., 1:]
        return xp.sum(100.0 * (ahead - here * here) ** 2 + (1.0 - here) ** 2, axis=-1)

    x, method = arrays["x"], optim.Newton()
    return lambda: optim.minimize(f, x, method=method, batched=True, gtol=1e-3).x


WORKLOADS = (
    Workload(
        "newton",
        "Logistic regression, 50 features, Newton",
        "examples",
        (300, 3_000, 30_000),
        _inputs,
        _newton,
        compiles="needed",
        large=(300_000,),
    ),
    Workload(
        "lbfgs",
        "Logistic regression, 50 features, L-BFGS",
        "examples",
        (300, 3_000, 30_000),
        _inputs,
        _lbfgs,
        compiles="needed",
        large=(300_000,),
        exact=False,  # paths differ, and end within the tolerance
    ),
    Workload(
        "rosenbrock",
        "Newton's method on Rosenbrock problems of 10 unknowns",
        "problems",
        (10, 100, 1_000),
        _starts,
        _rosenbrock,
        compiles="needed",
        large=(10_000,),
        exact=False,  # so do these
    ),
)
