"""Gradients checked against finite differences, and the two modes against each other."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace, tree

from ._transforms import jvp, vjp

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

    Raises
    ------
    AssertionError
        If a derivative is wrong; the message says which order, mode and by how much.
    """
    _check(f, tuple(args), 1, order, modes, rtol, atol, step, engine)


def _check(
    f: Callable[..., Any], args: tuple[Any, ...], level: int, order: int, modes: Any, rtol: float, atol: float,
    step: float, engine: str | None,
) -> None:  # fmt: skip
    direction = tree.map(_direction, args)
    ahead = f(*tree.map(lambda x, d: x + step * d, args, direction))
    behind = f(*tree.map(lambda x, d: x - step * d, args, direction))
    expected = tree.map(lambda a, b: (a - b) / (2 * step), ahead, behind)
    if "forward" in modes:
        y, dy = jvp(f, args, direction, engine=engine)
        _compare(expected, dy, f"order {level}, forward mode against central differences", rtol, atol)
    if "reverse" in modes:
        y, pullback = vjp(f, *args, engine=engine)
        cotangent = tree.map(_direction, y)
        left = _inner(pullback(cotangent), direction)
        right = _inner(cotangent, expected)
        _compare(right, left, f"order {level}, reverse mode against central differences", rtol, atol)
    if level < order:
        if "forward" in modes:
            _check(
                lambda *xs: jvp(f, xs, direction, engine=engine)[1],
                args, level + 1, order, modes, rtol, atol, step, engine,
            )  # fmt: skip
        if "reverse" in modes:
            cotangent = tree.map(_direction, f(*args))
            _check(
                lambda *xs: vjp(f, *xs, engine=engine)[1](cotangent),
                args, level + 1, order, modes, rtol, atol, step, engine,
            )  # fmt: skip


def _direction(x: Array) -> Array:
    """Direction that is generic and the same everywhere: cosines of a sequence without period."""
    xp = array_namespace(x)
    n = 1
    for length in x.shape:
        n *= length
    real = xp.float64 if x.dtype in (xp.float64, getattr(xp, "complex128", None)) else xp.float32
    t = xp.arange(n, dtype=real, device=x.device)
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
