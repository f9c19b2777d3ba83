"""Values and derivatives of the same function by xdl and by PyTorch, in NumPy arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
from asserts import assert_close, values

import xdl
from xdl.core._backends import current_backend


def widest(xp: Any) -> Any:
    """Return float64 where the current backend has it, else float32."""
    return xp.float64 if current_backend().x64 else xp.float32


def weights(shape: tuple[int, ...], salt: int) -> np.ndarray:
    """Fixed numbers without structure, to turn an array into a scalar that depends on all of it."""
    return np.random.default_rng([salt, *shape]).normal(size=shape)


def by_torch(f: Callable[..., Any], *xs: np.ndarray) -> list[np.ndarray]:
    """Value, gradients of a weighted sum, a weighted sum of those, and its gradients."""
    import torch

    args = [torch.tensor(x, requires_grad=True) for x in xs]
    y = f(*args)
    grads = torch.autograd.grad((y * torch.tensor(weights(tuple(y.shape), 0))).sum(), args, create_graph=True)
    total = sum((g * torch.tensor(weights(tuple(g.shape), 1))).sum() for g in grads)
    if not getattr(total, "requires_grad", False):
        second: Any = [torch.zeros_like(x) for x in args]
    else:
        second = torch.autograd.grad(total, args, allow_unused=True, materialize_grads=True)
    return [values(part) for part in (y, *grads, total, *second)]


def by_xdl(f: Callable[..., Any], *xs: Any, engine: str | None = None) -> list[Any]:
    """Give the same by the transforms of xdl, on the library of ``xs``; the third in forward mode."""
    xp, argnums = xdl.array_namespace(*xs), tuple(range(len(xs)))

    def like(x: Any, salt: int) -> Any:
        return xdl.asarray(weights(tuple(x.shape), salt), like=xs[0], dtype=x.dtype)

    def weighted(*args: Any) -> Any:
        y = f(*args)
        return xp_sum(y * like(y, 0))

    def again(*args: Any) -> Any:
        total = 0.0
        for g in gradient(*args):
            total = total + xp_sum(g * like(g, 1))
        return total

    def xp_sum(x: Any) -> Any:
        return xdl.array_namespace(x).sum(x)

    _, dy = xdl.jvp(f, xs, tuple(like(x, 1) for x in xs), engine=engine)
    gradient = xdl.grad(weighted, argnums, engine=engine)
    second = xdl.grad(again, argnums, engine=engine)(*xs)
    assert xp is xdl.array_namespace(*second)
    return [f(*xs), *gradient(*xs), xp_sum(dy * like(dy, 0)), *second]


def assert_derivatives(
    xp: Any, ours: Callable[..., Any], theirs: Callable[..., Any], *xs: np.ndarray, **tolerances: Any
) -> None:
    """Compare value, first and second derivatives with PyTorch's in the widest type, and the tape's too."""
    dtype = widest(xp)
    expected = by_torch(theirs, *[np.asarray(x, dtype=np.float64) for x in xs])
    args = [xp.asarray(x, dtype=dtype) for x in xs]
    if dtype == xp.float32:
        tolerances = {"rtol": 2e-4, "atol": 2e-5} | tolerances
    else:
        tolerances = {"rtol": 1e-9, "atol": 1e-11} | tolerances
    for engine in (None, "tape"):
        for found, wanted in zip(compiled(ours, engine, args), expected, strict=True):
            assert_close(found, wanted, like=args[0], **tolerances)


def compiled(f: Callable[..., Any], engine: str | None, args: list[Any]) -> list[Any]:
    """Run `by_xdl`, on JAX in one compilation."""
    return at_once(lambda *xs: by_xdl(f, *xs, engine=engine), args)


def at_once(f: Callable[..., Any], args: list[Any]) -> Any:
    """Run ``f(*args)``, on JAX in one quick compilation: operation by operation JAX takes seconds."""
    if not type(args[0]).__module__.startswith("jax"):
        return f(*args)
    import jax

    quick = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    return jax.jit(f, compiler_options=quick)(*args)
