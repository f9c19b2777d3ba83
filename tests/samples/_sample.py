"""What a sample is."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

import xdl

RNG = np.random.default_rng(0)
INF, NAN = np.inf, np.nan


@dataclasses.dataclass(frozen=True)
class Sample:
    """Positional arguments, as NumPy arrays, and options of one call.

    Arrays of float64 stand for floats of any precision, and are what derivatives are taken of; with
    ``smooth=False`` only values are compared. ``post`` makes an array of the result, where it is something else.
    """

    args: tuple[Any, ...]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    smooth: bool = True
    half: bool = True
    post: Callable[[Any], Any] = lambda y: y


def joined(parts: Any) -> Any:
    """One row of all the arrays in a tuple."""
    parts = [part for part in parts if part is not None]
    xp = xdl.array_namespace(*parts)
    return xp.concat([xp.reshape(part, (-1,)) for part in parts])


def sample(*args: Any, smooth: bool = True, half: bool = True, post: Any = None, **options: Any) -> Sample:
    return Sample(args, options, smooth, half, post or (lambda y: y))
