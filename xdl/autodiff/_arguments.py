"""Arguments of transforms: checked, and numbers made arrays."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace, tree
from xdl.core._backends import current_backend
from xdl.core._module import buffer_flags
from xdl.core._namespace import device_of, is_array

from ._constants import is_inexact, known_inexact
from ._engines import native_engine

__all__ = ["Held", "active_arguments", "holding", "match_tangents", "positions", "scalar_valued"]


def positions(argnums: int | tuple[int, ...], args: tuple[Any, ...], name: str) -> tuple[int, ...]:
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for k in chosen:
        if not -len(args) <= k < len(args):
            message = f"{name}: argnums={argnums} needs {k + 1 if k >= 0 else -k} positional arguments, got {len(args)}"
            raise ValueError(message)
    return tuple(k % len(args) for k in chosen)


def _as_active(x: Any, name: str) -> Array:
    """Leaf of an argument to differentiate by, as an array of floating-point numbers."""
    if isinstance(x, float | complex):
        owner = current_backend()
        return owner.asarray(x)
    if not is_array(x):
        kind = type(x).__name__
        message = f"{name}: can only differentiate by floating-point arrays, got {kind} {x!r}"
        if isinstance(x, int):
            message += f"; write {x}.0, or choose other arguments with argnums"
        raise TypeError(message)
    if not _is_inexact(x):
        message = (
            f"{name}: can only differentiate by floating-point arrays, got dtype {x.dtype} of shape {tuple(x.shape)}; "
            f"convert it with xp.astype, or choose other arguments with argnums"
        )
        raise TypeError(message)
    return x


class Held:
    """Tree of which some leaves are integers in buffers, which are held constant; the others are ``active``."""

    def __init__(self, leaves: list[Any], structure: Any) -> None:
        self.structure = structure
        self.leaves = [None if _is_inexact(x) else x for x in leaves]
        self.active = [x for x in leaves if _is_inexact(x)]

    def merge(self, active: Any) -> Any:
        """Tree of the constants and of other active leaves."""
        rest = iter(active)
        return tree.unflatten(self.structure, [next(rest) if x is None else x for x in self.leaves])

    def cotangent(self, active: Any) -> Any:
        """Tree of cotangents: zeros for the constants."""
        rest = iter(active)
        zero = lambda x: array_namespace(x).zeros_like(x) if is_array(x) else 0
        return tree.unflatten(self.structure, [next(rest) if x is None else zero(x) for x in self.leaves])


def holding(f: Callable[..., Any], held: dict[int, Held]) -> Callable[..., Any]:
    """Function of the active leaves of some arguments."""
    return lambda *args, **options: f(
        *(held[k].merge(x) if k in held else x for k, x in enumerate(args)), **options
    )


def active_arguments(
    args: tuple[Any, ...], argnums: tuple[int, ...], name: str, held: dict[int, Held] | None = None
) -> tuple[Any, ...]:
    """Arguments with the leaves to differentiate by checked, and Python numbers made arrays.

    If there is ``held``, an argument with buffers of integers goes there, and its active leaves take its place.
    """
    ready, everything = list(args), []
    for k in argnums:
        leaves, structure = tree.flatten(args[k])
        if not leaves:
            message = f"{name}: argument {k} has no array to differentiate by"
            raise TypeError(message)
        if not all(map(_is_inexact, leaves)):
            flags = [False] * len(leaves) if held is None else buffer_flags(args[k])
            leaves = [x if flag else _as_active(x, name) for x, flag in zip(leaves, flags, strict=True)]
            ready[k] = tree.unflatten(structure, leaves)
            if held is not None and not all(map(_is_inexact, leaves)):
                held[k] = Held(leaves, structure)
                ready[k] = leaves = held[k].active
        everything += leaves
    _one_library(everything)
    if native_engine(everything[0]) is None:  # a library with an engine knows better which devices may meet
        _one_device([*everything, *(x for k, x in enumerate(args) if k not in argnums and is_array(x))], name)
    return tuple(ready)


def _is_inexact(x: Any) -> bool:
    if not is_array(x):
        return False
    dtype = x.dtype
    found = known_inexact(dtype)
    return is_inexact(array_namespace(x), dtype) if found is None else found


def _one_library(leaves: list[Any]) -> None:
    if len({type(x) for x in leaves}) > 1:
        array_namespace(*leaves)


def _one_device(arrays: list[Any], name: str) -> None:
    devices = list(dict.fromkeys(map(device_of, arrays)))
    if len(devices) > 1:
        places = " and ".join(map(str, devices))
        message = (
            f"{name}: arrays on different devices in one call: {places}; move one with xdl.asarray(x, like=y)"
        )
        raise ValueError(message)


_real: set[tuple[type, Any]] = set()


def _is_real(y: Array) -> bool:
    found = array_namespace(y).isdtype(y.dtype, "real floating")
    if found:
        _real.add((type(y.dtype), y.dtype))
    return found


def _check_scalar(y: Any, name: str) -> None:
    shape = getattr(y, "shape", None)
    if shape is None or tuple(shape) != ():
        what = f"an array of shape {tuple(shape)}" if shape is not None else f"{type(y).__name__}"
        message = (
            f"{name}: the function must return a real scalar (an array of shape ()), got {what}; "
            f"use xdl.jacobian or xdl.vjp, sum the result, or say has_aux=True if it returns (loss, more)"
        )
        raise TypeError(message)
    if (type(y.dtype), y.dtype) not in _real and not _is_real(y):
        message = f"{name}: the function must return a real floating-point scalar, got dtype {y.dtype}"
        raise TypeError(message)


def scalar_valued(f: Callable[..., Any], has_aux: bool, name: str) -> Callable[..., Any]:
    def checked(*args: Any, **options: Any) -> Any:
        result = f(*args, **options)
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            message = f"{name}: with has_aux=True the function must return a pair (loss, more)"
            raise TypeError(message)
        _check_scalar(result[0] if has_aux else result, name)
        return result

    return checked


def match_tangents(primals: Any, tangents: Any, name: str) -> Any:
    """Tangents like their primals in structure and shape; Python numbers become arrays."""

    def match(x: Array, dx: Any) -> Array:
        if not is_array(dx):
            dx = array_namespace(x).asarray(dx, dtype=x.dtype)
        if tuple(dx.shape) != tuple(x.shape):
            message = f"{name}: a tangent has shape {tuple(dx.shape)}, its primal has {tuple(x.shape)}"
            raise ValueError(message)
        if dx.dtype != x.dtype:
            message = f"{name}: a tangent has dtype {dx.dtype}, its primal has {x.dtype}"
            raise TypeError(message)
        return dx

    return tree.map(match, primals, tangents)
