"""One parameter after the other."""

import math
from typing import Any

from xdl.core import Array, Module, array_namespace
from xdl.core._namespace import device_of
from xdl.optim._enclosure import Line, look, outside
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._searches.brent import Brent
from xdl.optim._status import Status
from xdl.optim._stopping import BOTTOM

from .direct_search import DirectSearch, check_positive, or_infinite

__all__ = ["CoordinateSearch"]


class Cycle(Module):
    """What the method remembers between evaluations; the iterate is where the present line begins."""

    line: Line
    axis: Any  # of the line; one more than there are is the direction of the whole cycle
    direction: Array
    first: Array  # point at the begin of the cycle
    scale: Array  # units of the parameters
    steps: Array  # first step along each axis, in these units
    largest: Any  # move of the cycle, or what is not known of it
    excess: Any


class CoordinateSearch(DirectSearch):
    """Minimize along each axis in turn by Brent's method, then along what the cycle has led to.

    Parameters
    ----------
    xatol : float
        Moves, in units of ``max(|x|, 1)`` for each parameter of the start, that end the search when no move of a
        cycle is longer.
    initial : float
        First step along each axis, in the same units.
    precision : float
        Error of the minimum along a line, relative to the move.
    accelerate : bool
        Whether each cycle ends with a search along its sum, without which narrow valleys take very long.

    Notes
    -----
    An iteration is a cycle. Where a function is not smooth, a point may be lowest along each axis and no minimum.

    References
    ----------
    Nocedal & Wright (2006), section 9.3; Brent (1973), chapter 5; Powell (1964) for the last line of a cycle
    """

    xatol: float = 1e-6
    initial: float = 0.5
    precision: float = 0.1
    accelerate: bool = True

    def __post_init__(self) -> None:
        check_positive(self, "xatol", "initial", "precision")

    def start(self, problem: Problem, state: Iterate) -> Cycle:
        """Line along the first axis."""
        xs, x = problem.xs, state.x
        xp = array_namespace(x)
        scale, zero = xp.maximum(xp.abs(x), xp.ones_like(x)), xs.integer(0)
        return Cycle(
            line=outside(xs, xs.constant(0.0), state.value, xs.constant(self.initial)),
            axis=zero,
            direction=_axis(xs, zero, scale),
            first=x,
            scale=scale,
            steps=xp.full_like(x, self.initial),
            largest=xs.constant(0.0),
            excess=xs.constant(math.inf),
        )

    def advance(self, problem: Problem, state: Iterate) -> Iterate:
        """Look at one point of a line."""
        xs, m = problem.xs, state.memory
        x = state.x + xs.expand(m.line.step) * m.direction
        value = or_infinite(xs, problem.value(x))
        absolute = xs.maximum(0.2 * self.precision * xs.abs(m.line.memory.unit), 0.2 * self.xatol)
        line, error = look(xs, m.line, value, Brent(), (self.precision, absolute))
        over = (error <= 1.0) | (line.memory.best.value < BOTTOM)
        state = state.replace(evaluations=state.evaluations + 1)
        going = state.replace(memory=m.replace(line=line))
        if xs.host:
            return self._turn(problem, state, m, line) if over else going
        return xs.select(over, self._turn(problem, state, m, line), going)

    def _turn(self, problem: Problem, state: Iterate, m: Cycle, line: Line) -> Iterate:
        """Move to the minimum along a line, and turn into the next one."""
        xs, n, best = problem.xs, problem.flat.size, line.memory.best
        xp = array_namespace(state.x)
        x, move, begun = (
            state.x + xs.expand(best.step) * m.direction,
            xs.abs(best.step),
            xs.abs(line.memory.unit),
        )
        # A move that is small for the first step is known no better than to a part of it.
        largest = xs.maximum(m.largest, xs.maximum(move, 0.2 * self.precision * begun))
        chosen = _chosen(xs, x, m.axis)
        shorter = xs.maximum(xs.maximum(0.3 * move, 0.2 * self.precision * begun), 0.2 * self.xatol)
        steps = xp.where(chosen, xp.zeros_like(x) + xs.expand(shorter), m.steps)

        last = m.axis >= (n if self.accelerate and n > 1 else n - 1)
        small = (m.axis >= n - 1) & (largest <= self.xatol)
        axis = xs.where(last | small, 0, m.axis + 1)
        sum_up = axis == n
        along = (x - m.first) * xs.expand(xs.divide(xs.constant(1.0), largest))
        direction = xs.select(sum_up, along, _axis(xs, axis, m.scale))
        first = xs.number(xp.sum(xp.where(_chosen(xs, x, axis), steps, xp.zeros_like(x)), axis=-1))
        first = xs.where(sum_up, largest, first)
        status = xs.where(small, xs.integer(int(Status.CONVERGED)), state.status)
        ended = axis == 0
        return state.replace(
            x=x,
            value=best.value,
            status=status,
            iterations=state.iterations + xs.where(ended, 1, 0),
            memory=Cycle(
                line=outside(xs, xs.constant(0.0), best.value, first),
                axis=axis,
                direction=direction,
                first=xs.select(ended, x, m.first),
                scale=m.scale,
                steps=steps,
                largest=xs.where(ended, 0.0, largest),
                excess=xs.where(ended, largest / self.xatol, m.excess),
            ),
        )


def _chosen(xs: Any, x: Array, axis: Any) -> Array:
    """Whether an entry is that of the axis."""
    return array_namespace(x).arange(x.shape[-1], device=device_of(x)) == xs.expand(axis)


def _axis(xs: Any, axis: Any, scale: Array) -> Array:
    """Direction of an axis."""
    return array_namespace(scale).where(
        _chosen(xs, scale, axis), scale, array_namespace(scale).zeros_like(scale)
    )
