"""What a workload is, to all who time it."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from xdl.core import Array, backend, random, use_backend

__all__ = ["Workload", "normal", "repeated", "uniform"]


@dataclasses.dataclass(frozen=True)
class Workload:
    """Piece of work that every library can be given, at several sizes.

    A backend may bring the same work written by hand in its library, without xdl, in its package ``_bench``: a
    function ``name(arrays, device, compiled)``, with the arrays as NumPy's, which returns what ``program`` returns.

    Parameters
    ----------
    name : str
        Also the name of the function that does it by hand.
    title : str
        What is done.
    axis : str
        What the size counts.
    sizes : tuple of int
        Sizes of a quick run.
    inputs : callable
        ``inputs(size)`` returns a dictionary of NumPy arrays, and of trees of them, drawn at random.
    program : callable
        ``program(arrays, compile)`` returns a function without arguments that does the work once and returns one
        array, which is ready when all the work is done. ``arrays`` are the inputs on the library and device that
        are timed; ``compile`` is `xdl.jit` or does nothing.
    work : callable, optional
        ``work(size)`` counts floating-point operations, bytes that must move, or pieces.
    unit : str
        Of the work: ``"FLOP"``, ``"B"``, or what the pieces are.
    compiles : {"both", "needed", "never"}
        Whether a library with a compiler runs it without and with; with only where it is slow without; or without.
    large : tuple of int
        Further sizes of the full suite.
    exact : bool
        Whether all implementations return the same numbers, up to rounding.
    """

    name: str
    title: str
    axis: str
    sizes: tuple[int, ...]
    inputs: Callable[[int], dict[str, Any]]
    program: Callable[[dict[str, Any], Callable[..., Any]], Callable[[], Array]]
    work: Callable[[int], float] | None = None
    unit: str = "FLOP"
    compiles: str = "both"
    large: tuple[int, ...] = ()
    exact: bool = True


def normal(number: int, shape: tuple[int, ...], scale: float = 1.0) -> Array:
    """NumPy array of normal numbers, float32, the same wherever xdl runs; large ones repeat themselves."""
    count, longest = math.prod(shape), 1 << 20
    with use_backend("numpy"):
        drawn = random.normal(random.key(number), (min(count, longest),)) * scale
    xp = backend("numpy").xp
    return xp.reshape(xp.tile(drawn, (-(-count // longest),))[:count], shape)


def uniform(number: int, shape: tuple[int, ...]) -> Array:
    """NumPy array of numbers on [0, 1), as `normal`."""
    with use_backend("numpy"):
        return random.uniform(random.key(number), shape)


def repeated(step: Callable[..., Any], held: list[Any], *fixed: Any) -> Callable[[], Array]:
    """Thunk that goes on from what the last call gave: ``*held, result = step(*held, *fixed)``."""

    def run() -> Array:
        *held[:], result = step(*held, *fixed)
        return result

    return run
