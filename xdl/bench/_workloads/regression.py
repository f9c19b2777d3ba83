"""Logistic regression: whole fits, by Newton's method and by L-BFGS, in float32."""

from collections.abc import Callable
from typing import Any

from xdl import models, optim
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
    xp = array_namespace(w)
    z = X @ w
    # log(1 + exp(z)) without overflow
    return xp.mean(xp.where(z > 0, z, xp.zeros_like(z)) + xp.log1p(xp.exp(-xp.abs(z))) - y * z)


def _lbfgs(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    X, y = arrays["X"], arrays["y"]
    start, method = X[0, :] * 0.0, optim.LBFGS()
    return lambda: optim.minimize(_loss, start, (X, y), method=method, gtol=GTOL).x


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
)
