"""What happened on the way: the points of a method, and every probe."""

import dataclasses
import time
from typing import Any

from xdl.core import Array

from ._flat import Flat
from ._method import Iterate

__all__ = ["Recorder", "Trace"]


@dataclasses.dataclass
class Trace:
    """Record of a run: one entry for the start and for each accepted step.

    Of a batch, the entries are arrays of all problems, one for each pass in which any of them moved.

    Parameters
    ----------
    x : list of pytree
        Points.
    value, gradient_norm : list of number
        Values and largest entries of the gradient there.
    evaluations : list of int
        Evaluations made until then.
    seconds : list of float, in seconds
        Time since the start.
    probes : list of (pytree, number)
        Every point at which the function was evaluated, those that were not accepted too, and its value.
    """

    x: list[Any] = dataclasses.field(default_factory=list)
    value: list[Any] = dataclasses.field(default_factory=list)
    gradient_norm: list[Any] = dataclasses.field(default_factory=list)
    evaluations: list[int] = dataclasses.field(default_factory=list)
    seconds: list[float] = dataclasses.field(default_factory=list)
    probes: list[tuple[Any, Any]] = dataclasses.field(default_factory=list)

    def __len__(self) -> int:
        """Points recorded."""
        return len(self.x)


class Recorder:
    """Writes the trace of a run while it goes on."""

    def __init__(self, flat: Flat) -> None:
        self.trace, self._flat, self._start = Trace(), flat, time.perf_counter()

    def probe(self, x: Array, value: Any) -> None:
        """Note an evaluation."""
        self.trace.probes.append((self._flat.unflatten(x), value))

    def point(self, xs: Any, state: Iterate) -> None:
        """Note an accepted point."""
        trace = self.trace
        trace.x.append(self._flat.unflatten(state.x))
        trace.value.append(state.value)
        trace.gradient_norm.append(xs.largest(state.grad))
        trace.evaluations.append(len(trace.probes))
        trace.seconds.append(time.perf_counter() - self._start)
