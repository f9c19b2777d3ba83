"""What the fits of models share: data looked at once, sums over examples, steps in mini-batches, tables of estimates."""

import functools
from collections.abc import Callable
from typing import Any

from xdl import autodiff, optim
from xdl.autodiff._engines import has_traced
from xdl.core import Array, array_namespace, random
from xdl.core._backends import wants_jit
from xdl.core._namespace import device_of, is_array, is_traced

from .matrices import SMALL, transposed_product

__all__ = [
    "are_finite",
    "by_mini_batches",
    "centered",
    "check_data",
    "check_labels",
    "check_strength",
    "checked_fit",
    "design",
    "finite_data",
    "intercept_apart",
    "known",
    "minimized",
    "normalized_weights",
    "one_program",
    "penalty_array",
    "start",
    "told",
]


def check_data(X: Array, y: Array, weights: Array | None = None) -> tuple[Array, Array, Array | None]:
    """Data of a fit, targets and weights in the dtype of ``X``.

    Parameters
    ----------
    X : (n, p) or (b, n, p) array of floats
        Rows are examples; a leading axis counts data sets that are fitted at once.
    y : (n,) or (b, n) array
        Targets.
    weights : (n,) or (b, n) array, optional
        Weights of the examples.
    """
    if not is_array(X) or X.ndim not in (2, 3):
        found = f"an array of shape {tuple(X.shape)}" if is_array(X) else f"{type(X).__name__}"
        message = f"expected `X` (n, p), or (b, n, p) for b data sets, got {found}"
        raise ValueError(message)
    xp = array_namespace(X)
    if not xp.isdtype(X.dtype, "real floating"):
        message = f"`X` must be of a real floating-point dtype, got {X.dtype}: convert it, say to float64"
        raise TypeError(message)
    if 0 in X.shape[:-1]:
        message = f"`X` must have at least one example, got shape {tuple(X.shape)}"
        raise ValueError(message)
    for name, value in (("y", y), ("weights", weights)):
        if name == "weights" and value is None:
            continue
        if not is_array(value) or tuple(value.shape) != tuple(X.shape[:-1]):
            found = f"shape {tuple(value.shape)}" if is_array(value) else f"a {type(value).__name__}"
            message = f"`{name}` must be an array of shape {tuple(X.shape[:-1])}, one number per row of `X`, got {found}"
            raise ValueError(message)
    array_namespace(X, y, weights)  # refuses a mix of libraries
    return X, _cast(y, X), None if weights is None else _cast(weights, X)


def _cast(x: Array, like: Array) -> Array:
    return x if x.dtype == like.dtype else array_namespace(x).astype(x, like.dtype)


def known(condition: Array) -> bool | None:
    """Value of a condition; None while a program is traced, when there is none."""
    if is_traced(type(condition)):
        return None
    try:
        return bool(condition)
    except TypeError:  # what JAX raises of its tracers
        return None


def one_program(f: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
    """Call a function of arrays; where operations one by one are slow, a compiled one for these options."""
    if not wants_jit(args[0]) or has_traced(args):
        return f(*args, **options)
    return _compiled(f, tuple(options.items()))(*args)


@functools.lru_cache(64)
def _compiled(f: Callable[..., Any], options: tuple[tuple[str, Any], ...]) -> Callable[..., Any]:
    return autodiff.jit(functools.partial(f, **dict(options)))


def check_labels(y: Array, highest: int, *, between: bool = False) -> None:
    """Refuse labels outside 0, ..., ``highest``, where values can be looked at."""
    xp = array_namespace(y)
    if known(one_program(_are_labels, y, highest=highest, between=between)) is False:
        kind = "numbers in [0, 1]" if between else f"labels 0, ..., {highest}"
        low, high = float(xp.min(y)), float(xp.max(y))
        message = f"`y` must hold {kind}, got values from {low:g} to {high:g}: number the classes from 0"
        raise ValueError(message)


def checked_fit(f: Callable[..., Any], X: Array, y: Array, *args: Any, **options: Any) -> Any:
    """Call ``f(X, y, weights, *args, finite=..., **options)`` after a look at labels in [0, 1] and at all data.

    Where operations one by one are slow, a look costs as much as a small fit: one program does both, for data that
    are finite, as most are.
    """
    if not wants_jit(X) or has_traced((X, y, args)):
        if known(_are_fine(X, y, args[0])):
            return f(X, y, *args, **options, finite=True)
        check_labels(y, 1, between=True)
        return f(X, y, *args, **options, finite=False)
    found, fine = one_program(_fit_and_look, X, y, *args, f=f, **options)
    if known(fine):
        return found
    check_labels(y, 1, between=True)
    return one_program(f, X, y, *args, **options, finite=False)


def _fit_and_look(X: Array, y: Array, *args: Any, f: Callable[..., Any], **options: Any) -> Any:
    return f(X, y, *args, **options, finite=True), _are_fine(X, y, args[0])


def _are_fine(X: Array, y: Array, weights: Array | None) -> Array:
    return _are_labels(y, highest=1, between=True) & _sum_is_finite(X, y, weights)


def _are_labels(y: Array, *, highest: int, between: bool) -> Array:
    xp = array_namespace(y)
    good = (xp.min(y) >= 0) & (xp.max(y) <= highest)
    return good if between else good & xp.all(y == xp.round(y))


def normalized_weights(weights: Array | None, y: Array) -> Array:
    """Weights of sum 1, equal ones for None."""
    if weights is None:
        return array_namespace(y).full_like(y, 1.0 / y.shape[-1])
    xp = array_namespace(weights)
    return weights / xp.sum(weights, axis=-1, keepdims=True)


def penalty_array(alpha: Any, X: Array, *, free: int = 0) -> Array:
    """Strength of a penalty for each coefficient, (..., free + p); the first ``free`` of them pay none."""
    alpha = check_strength(alpha, X)
    paid = start(X, X.shape[-1])
    paid = paid + (_cast(alpha, X)[..., None] if is_array(alpha) else alpha)
    return array_namespace(paid).concat([start(X, free), paid], axis=-1) if free else paid


def check_strength(alpha: Any, X: Array) -> Any:
    """Strength of a penalty, a float or an array; refuse what is none."""
    if not is_array(alpha):
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not alpha >= 0:
            message = f"`alpha` must be a number that is not negative, or an array, got {alpha!r}"
            raise ValueError(message)
        return float(alpha)
    if tuple(alpha.shape) not in ((), tuple(X.shape[:-2])):
        shapes = " or ".join(dict.fromkeys(("()", str(tuple(X.shape[:-2])))))
        message = f"`alpha` must be of shape {shapes}, got {tuple(alpha.shape)}"
        raise ValueError(message)
    return alpha


def start(X: Array, *shape: int) -> Array:
    """Zeros of a shape, for each data set."""
    xp = array_namespace(X)
    return xp.zeros((*X.shape[:-2], *shape), dtype=X.dtype, device=device_of(X))


def are_finite(X: Array, y: Array, weights: Array | None) -> bool:
    """Whether data, and shares made of the weights, are known to have no infinite or NaN entry."""
    return known(one_program(_sum_is_finite, X, y, weights)) is True


def _sum_is_finite(X: Array, y: Array, weights: Array | None) -> Array:
    xp = array_namespace(X, y)
    # A sum is not finite if an entry is not.
    total = xp.sum(X) + xp.sum(y)
    return xp.isfinite(total if weights is None else total + xp.sum(normalized_weights(weights, y)))


def finite_data(X: Array, y: Array, shares: Array) -> tuple[Array, Array, Array, Array]:
    """Data, targets and weights, harmless ones in place of infinite or NaN entries; and which data sets had none."""
    xp = array_namespace(X, y)
    # If the sum of finite entries overflows, they are looked at.
    if are_finite(X, y, shares):
        return X, y, shares, xp.ones_like(shares[..., 0], dtype=xp.bool)
    axes = tuple(range(X.ndim - 2, y.ndim))
    finite = xp.all(xp.isfinite(X), axis=(-2, -1)) & xp.all(xp.isfinite(shares), axis=-1)
    finite = finite & xp.all(xp.isfinite(y), axis=axes)
    if known(xp.all(finite)):
        return X, y, shares, finite
    clean = lambda x: xp.where(xp.isfinite(x), x, xp.zeros_like(x))
    return (
        clean(X),
        clean(y),
        xp.where(finite[..., None], shares, xp.full_like(shares, 1.0 / X.shape[-2])),
        finite,
    )


def centered(X: Array, y: Array, shares: Array) -> tuple[Array, Array, Array, Array]:
    """Data less their means, and the means: with these, a model without intercept is one with it."""
    xp = array_namespace(X, y)
    mean, level = transposed_product(X, shares), xp.vecdot(shares, y)
    return X - mean[..., None, :], y - level[..., None], mean, level


def told(x: Array, value: Array, grad: Array, good: Array, finite: Array, iterations: Any) -> optim.Result:
    """Result of a method of its own: converged where ``good``."""
    xp = array_namespace(x)
    zero = xp.zeros_like(value, dtype=xp.int32)
    status = xp.where(good, zero + int(optim.Status.CONVERGED), zero + int(optim.Status.NO_PROGRESS))
    status = xp.where(finite, status, zero + int(optim.Status.NOT_FINITE))
    count = zero + iterations
    return optim.Result(
        x=x, value=value, gradient=grad, status=status, iterations=count, evaluations=count, products=zero
    )


def design(X: Array, *, intercept: bool) -> Array:
    """``X``, or ``(1, X)``: a column of ones stands before the features."""
    if not intercept:
        return X
    xp = array_namespace(X)
    *batch, n, p = X.shape
    if n * p > SMALL:
        return xp.concat([xp.ones_like(X[..., :1]), X], axis=-1)
    # Features one after the other in memory: then rows are scaled in long runs.
    features = xp.reshape(xp.reshape(xp.matrix_transpose(X), (*batch, p * n)), (*batch, p, n))
    return xp.matrix_transpose(xp.concat([start(X, 1, n) + 1.0, features], axis=-2))


def intercept_apart(theta: Array, k: int) -> tuple[Array, Array]:
    """Coefficients and intercept of a vector in which the intercept, if there is one, comes first."""
    if k:
        return theta[..., k:], theta[..., 0]
    return theta, array_namespace(theta).zeros_like(theta[..., 0])


# ---- minimizers and rules ----


def minimized(
    f: Callable[..., tuple[Array, Array]],
    hessian: Callable[..., Array],
    theta: Array,
    data: tuple[Array, Array, Array],
    args: tuple[Any, ...],
    method: Any,
    *,
    gtol: float,
    max_iterations: int,
    batch_size: int | None,
    key: Array | None,
    finite: bool = False,
) -> optim.Result:
    """Minimize a mean over examples, ``f(theta, *data, *args)``: over all in each step, or over some by a rule.

    With ``finite``, the data are known to be so, and are not looked at.
    """
    found, good = list(data), True
    if not finite:
        *found, good = finite_data(*data)
    if batch_size is None:
        result = optim.minimize(
            f,
            theta,
            (*found, *args),
            method=method,
            gradient=True,
            hessian=hessian,
            batched=data[0].ndim == 3,
            gtol=gtol,
            max_iterations=max_iterations,
        )
        if found[0] is data[0]:
            return result
        xp = array_namespace(good)
        bad = xp.full_like(result.status, int(optim.Status.NOT_FINITE))
        return result.replace(status=xp.where(good, result.status, bad))
    if not isinstance(method, optim.Rule):
        message = f"`batch_size` is for update rules such as optim.Adam(), got method={method!r}"
        raise ValueError(message)
    options = {"batch_size": batch_size, "epochs": max_iterations, "key": key, "gtol": gtol}
    return by_mini_batches(f, theta, (found[0], found[1], found[2]), args, method, **options)


def by_mini_batches(
    f: Callable[..., tuple[Array, Array]],
    theta: Array,
    data: tuple[Array, Array, Array],
    args: tuple[Any, ...],
    rule: optim.Rule,
    *,
    batch_size: int,
    epochs: int,
    key: Array | None,
    gtol: float,
) -> optim.Result:
    """Minimize a mean over examples by an update rule, each step on the mean over a few of them.

    Parameters
    ----------
    f : callable
        ``f(theta, X, y, weights, *args)`` returns the mean with the weights, which add up to 1, and its gradient.
    theta : array
        Start.
    data : tuple
        ``X``, ``y`` and weights.
    args : tuple
        Further arguments.
    rule : optim.Rule
        For example ``Adam(0.01)``.
    batch_size, epochs : int
        Examples in a step; passes over all examples, each in a new order.
    key : (2,) array of uint32, optional
        Of the order. Default: ``random.key(0)``.
    gtol : float
        Largest entry of the gradient of the whole mean at a solution.
    """
    X = data[0]
    xp, axis, n = array_namespace(X), X.ndim - 2, X.shape[-2]
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        message = f"`batch_size` must be a positive integer or None, for all examples, got {batch_size!r}"
        raise ValueError(message)
    key = random.key(0, like=X) if key is None else key
    step = _step(f, rule, axis, wants_jit(X))
    state, count = optim.init(rule, theta), 0
    high = float(xp.finfo(theta.dtype).max) ** 0.25  # products of four such numbers do not overflow yet
    for epoch in range(epochs):
        order = random.permutation(random.fold_in(key, epoch), n)
        before = theta
        for k in range(0, n, batch_size):
            theta, state = step(theta, state, order[k : min(k + batch_size, n)], data, args)
            count += 1
        if known(xp.max(xp.abs(theta)) < high) is False:
            theta = before  # the rule diverges
            break
    value, grad = f(theta, *data, *args)
    small = xp.max(xp.abs(grad), axis=tuple(range(axis, grad.ndim))) <= gtol
    result = told(theta, value, grad, small, xp.isfinite(value), count)
    late = xp.full_like(result.status, int(optim.Status.MAX_ITERATIONS))
    return result.replace(status=xp.where(small, result.status, late))


@functools.lru_cache(64)
def _step(f: Callable[..., Any], rule: optim.Rule, axis: int, compiled: bool) -> Callable[..., Any]:
    def step(theta: Array, state: Any, rows: Array, data: tuple[Array, ...], args: tuple[Any, ...]) -> Any:
        xp = array_namespace(theta)
        X, y, weights = (xp.take(part, rows, axis=axis) for part in data)
        _, grad = f(theta, X, y, normalized_weights(weights, y), *args)
        return optim.update(rule, theta, grad, state)

    return autodiff.jit(step) if compiled else step
