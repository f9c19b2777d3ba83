"""Times of several functions, taken in turns, so that what else the machine does falls on all of them alike."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

__all__ = ["Timing", "in_turns"]

SHORTEST = 2e-3  # seconds of a sample: calls that are shorter are repeated within it
FEWEST, MOST = 5, 100  # samples


class Timing(NamedTuple):
    """What was measured of one function.

    Parameters
    ----------
    seconds : float
        Median time of a call.
    low, high : float
        Quartiles.
    samples : int
        How many samples they are of.
    """

    seconds: float
    low: float
    high: float
    samples: int


def in_turns(functions: Sequence[Callable[[], Any]], *, seconds: float = 0.3) -> list[Timing]:
    """Time functions without arguments, one call of each after the other.

    Parameters
    ----------
    functions : sequence of callable
        What to time; each returns when its work is done, and was called before.
    seconds : float
        How long to time each, about; never fewer than five samples.

    Returns
    -------
    list of Timing
    """
    guesses = [min(_sample(function, 1) for _ in range(2)) for function in functions]
    repeats = [max(1, min(1000, round(SHORTEST / max(guess, 1e-9)))) for guess in guesses]
    rounds = [
        max(FEWEST, min(MOST, int(seconds / max(n * guess, 1e-9))))
        for n, guess in zip(repeats, guesses, strict=True)
    ]
    found: list[list[float]] = [[] for _ in functions]
    collecting = gc.isenabled()
    gc.disable()
    try:
        for i in range(max(rounds)):
            for k, function in enumerate(functions):
                if i < rounds[k]:
                    found[k].append(_sample(function, repeats[k]))
    finally:
        if collecting:
            gc.enable()
    return [_timing(samples) for samples in found]


def _sample(function: Callable[[], Any], repeat: int) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        function()
    return (time.perf_counter() - start) / repeat


def _timing(samples: list[float]) -> Timing:
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    return Timing(middle, low, high, len(samples))
