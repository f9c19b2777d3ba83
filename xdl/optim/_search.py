"""What a line search is: a machine that is told a value and a slope, and says where to look next.

It is driven from outside, one probe at a time, so that the same code serves one problem with Python's floats,
and a batch with arrays, in which every problem is at its own stage of its own search.
"""

from typing import Any, ClassVar, NamedTuple

from ._part import Part

__all__ = ["LineSearch", "Probe"]


class Probe(NamedTuple):
    """Stage of a search.

    Parameters
    ----------
    step : number
        Length of the step to look at next; where the search is done, that of the step it accepts, which is
        always the last it has looked at.
    done, failed : boolean
        Whether the step is accepted; whether there is none.
    count : integer
        Probes made.
    memory : pytree of numbers
        What else the search remembers.
    """

    step: Any
    done: Any
    failed: Any
    count: Any
    memory: Any = ()

    def replace(self, **changes: Any) -> "Probe":
        """Stage with some fields changed."""
        return self._replace(**changes)


class LineSearch(Part):
    """Base of line searches along ``phi(step) = f(x + step p)``.

    Notes
    -----
    A value or slope that is not finite counts as a step that was too long.
    """

    max_probes: ClassVar[int] = 50

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        """Stage before the first probe.

        Parameters
        ----------
        xs : OfFloats or OfArrays
            Numbers.
        value, slope : number
            Of ``phi`` at zero; the slope is negative.
        step : number
            Length of the first step to look at.
        """
        raise NotImplementedError

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Stage after a probe.

        Parameters
        ----------
        xs : OfFloats or OfArrays
        probe : Probe
            Stage before it.
        value, slope : number
            Of ``phi`` at ``probe.step``.
        """
        raise NotImplementedError
