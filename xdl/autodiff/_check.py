"""Gradients checked against finite differences, and the two modes against each other."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace, tree
from xdl.core._namespace import device_of

from ._derivatives import jvp, stop_gradient, vjp
from ._programs import jit

__all__ = ["check_grads"]


def check_grads(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    *,
    order: int = 2,
    modes: tuple[str, ...] = ("forward", "reverse"),
    rtol: float = 1e-5,
    atol: float = 1e-6,
    step: float = 1e-5,
    engine: str | None = None,
    compiled: bool = False,
) -> None:
    """Check the derivatives of a function along a direction.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays that returns a pytree of arrays.
    args : tuple of pytree
        Where to check; arrays of double precision, or the differences mean little.
    order : int
        Derivatives of this order and below are checked.
    modes : tuple of {"forward", "reverse"}
        Which directions to check: forward against central differences, reverse against forward.
    rtol, atol : float
        Relative and absolute tolerance.
    step : float
        Half the distance of the central difference.
    engine : {None, "native", "tape"}
        As for `value_and_grad`.
    compiled : bool
        Whether to compute under `jit`, which pays where a library is slow operation by operation.

    Raises
    ------
    AssertionError
        If a derivative is wrong; the message says which order, mode and by how much.
    """
    args = tuple(args)
    direction = tree.map(_direction, args)
    for level in range(1, order + 1):
        run = (
            jit(_quantities(f, direction, modes, step, engine))
            if compiled
            else _quantities(f, direction, modes, step, engine)
        )
        found = run(*args)
        for mode, (expected, value) in found.items():
            _compare(expected, value, f"order {level}, {mode} mode against central differences", rtol, atol)
        if level < order:
            f = _next_order(f, direction, modes, engine)


def _quantities(f: Callable[..., Any], direction: Any, modes: Any, step: float, engine: Any) -> Any:
    """Make a function that computes what is compared: for each mode, the differences and the derivative."""

    def compute(*args: Any) -> dict[str, tuple[Any, Any]]:
        ahead = f(*tree.map(lambda x, d: x + step * d, args, direction))
        behind = f(*tree.map(lambda x, d: x - step * d, args, direction))
        expected = tree.map(lambda a, b: (a - b) / (2 * step), ahead, behind)
        found = {}
        if "forward" in modes:
            found["forward"] = (expected, jvp(f, args, direction, engine=engine)[1])
        if "reverse" in modes:
            y, pullback = vjp(f, *args, engine=engine)
            cotangent = tree.map(_direction, y)
            found["reverse"] = (_inner(cotangent, expected), _inner(pullback(cotangent), direction))
        return found

    return compute


def _next_order(f: Callable[..., Any], direction: Any, modes: Any, engine: Any) -> Callable[..., Any]:
    """Make a function of the derivatives of ``f``, by the modes that are checked."""

    def derivatives(*xs: Any) -> Any:
        found = {}
        if "forward" in modes:
            found["forward"] = jvp(f, xs, direction, engine=engine)[1]
        if "reverse" in modes:
            y, pullback = vjp(f, *xs, engine=engine)
            found["reverse"] = pullback(tree.map(lambda leaf: stop_gradient(_direction(leaf)), y))
        return found

    return derivatives


def _direction(x: Array) -> Array:
    """Direction that is generic and the same everywhere: cosines of a sequence without period."""
    xp = array_namespace(x)
    n = 1
    for length in x.shape:
        n *= length
    real = xp.float64 if x.dtype in (xp.float64, getattr(xp, "complex128", None)) else xp.float32
    t = xp.arange(n, dtype=real, device=device_of(x))
    d = xp.cos(1.7 * t + 0.3)
    if xp.isdtype(x.dtype, "complex floating"):
        d = xp.astype(d, x.dtype) + 1j * xp.astype(xp.cos(2.3 * t + 0.9), x.dtype)
    return xp.reshape(xp.astype(d, x.dtype), x.shape)


def _inner(a: Any, b: Any) -> Array:
    """Real part of the sum of products, which pairs cotangents with tangents."""
    total = None
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        xp = array_namespace(x)
        product = xp.sum(x * y)
        product = xp.real(product) if xp.isdtype(product.dtype, "complex floating") else product
        total = product if total is None else total + product
    return total


def _compare(expected: Any, found: Any, what: str, rtol: float, atol: float) -> None:
    for x, y in zip(tree.leaves(expected), tree.leaves(found), strict=True):
        xp = array_namespace(x)
        if tuple(x.shape) != tuple(y.shape):
            message = f"{what}: shape {tuple(y.shape)} instead of {tuple(x.shape)}"
            raise AssertionError(message)
        if not x.shape or 0 not in x.shape:
            error = float(xp.max(xp.abs(x - y)))
            scale = float(xp.max(xp.abs(x)))
            if not error <= atol + rtol * scale:
                message = f"{what}: off by {error:.3g} where values reach {scale:.3g}"
                raise AssertionError(message)
