"""Methods that search along a line: a direction, and a search that any other may replace.

The pass is that of all of them. A method adds how it finds its direction, and what it learns from a step.
"""

from typing import Any, ClassVar, NamedTuple

from xdl.core import Array

from ._method import Iterate, Method
from ._problem import Problem
from ._search import LineSearch, Probe
from ._searches.backtracking import Backtracking
from ._status import Status

__all__ = ["Descent", "Line", "Move"]

NO_PRODUCTS = 0
PATIENCE = 10  # accepted steps without a decrease: rounding alone makes one or two


class Move(NamedTuple):
    """Direction of a search.

    Parameters
    ----------
    p : (..., size) array
        Direction.
    memory : pytree
        Memory of the method.
    products : int
        Products with the Hessian that finding the direction took.
    """

    p: Array
    memory: Any = ()
    products: Any = NO_PRODUCTS


class Line(NamedTuple):
    """What a method of descent remembers: direction, slope along it, stage of the search, and its own memory."""

    p: Array
    slope: Any
    probe: Probe
    fresh: Any  # whether nothing has been learned since the memory was as at the start
    stalls: Any  # accepted steps since one that decreased the value
    own: Any


class Descent(Method):
    """Base of methods that search along a direction.

    A subclass defines `direction`; one that learns from its steps also `start` and `learn`; one whose steps
    have no natural length of 1 also `first_step`.
    """

    search: LineSearch = Backtracking()

    masks: ClassVar[bool] = True
    masks_memory: ClassVar[bool] = False  # whether `remember` does, as described there
    natural: ClassVar[bool] = False  # whether the very first step has its natural length, 1, too

    def start(self, problem: Problem, x: Array, grad: Array) -> Any:
        """Memory before the first step, or after a search has failed."""
        return ()

    def direction(self, problem: Problem, point: Iterate, memory: Any) -> Move:
        """Direction from a point; where it does not descend, `steepest` is taken."""
        raise NotImplementedError

    def steepest(self, problem: Problem, point: Iterate, memory: Any) -> Array:
        """Direction where that of the method does not descend."""
        return -point.grad

    def reference(self, problem: Problem, point: Iterate, memory: Any) -> Any:
        """Value that the search must go below."""
        return point.value

    def move(self, problem: Problem, x: Array, p: Array, step: Any, memory: Any) -> Array:
        """Point at a length of step along a direction."""
        return x + problem.xs.expand(step) * p

    def learn(self, problem: Problem, memory: Any, before: Iterate, after: Iterate, line: Line) -> Any:
        """Memory after an accepted step."""
        return memory

    def remember(self, problem: Problem, memory: Any, before: Iterate, after: Iterate, line: Line) -> Any:
        """Memory after a search has ended: that of `learn` for an accepted step, of `start` without one.

        Of problems whose search goes on, or that have finished, the memory may be anything, unless the method has
        ``masks_memory``: one with a large memory spares the copies that the choice between old and new costs.
        """
        xs = problem.xs
        if xs.host:
            if line.probe.done:
                return self.learn(problem, memory, before, after, line)
            return self.start(problem, before.x, before.grad)
        learned = self.learn(problem, memory, before, after, line)
        return xs.select(line.probe.done, learned, self.start(problem, before.x, before.grad))

    def first_step(self, problem: Problem, before: Iterate, after: Iterate, line: Line, slope: Any) -> Any:
        """Length of the step to look at first, in searches after the first one.

        ``line`` is that of the last search, ``slope`` the slope along the new direction.
        """
        return problem.xs.constant(1.0)

    def init(self, problem: Problem, x: Array) -> Iterate:
        """Evaluate, and turn towards the first direction."""
        xs, state = problem.xs, self.begin(problem, x)
        yes = state.evaluations > 0
        own = self.start(problem, x, state.grad)
        move, slope = self._turn(problem, state, own)
        step = self._cautious(xs, state, move.p)
        probe = self.search.start(xs, self.reference(problem, state, own), slope, step)
        line = Line(p=move.p, slope=slope, probe=probe, fresh=yes, stalls=xs.integer(0), own=move.memory)
        return state.replace(memory=line, products=state.products + move.products)

    def _cautious(self, xs: Any, point: Iterate, p: Array) -> Any:
        """Step of length one at most; if ``p`` is short, none beyond where a line through the value is zero."""
        if self.natural:
            return xs.constant(1.0)
        square = xs.dot(p, p)
        fall = xs.maximum(xs.divide(xs.abs(point.value), square), 1.0)
        return xs.minimum(xs.divide(1.0, xs.sqrt(square)), xs.where(xs.isfinite(fall), fall, 1.0))

    def _turn(self, problem: Problem, point: Iterate, own: Any) -> tuple[Move, Any]:
        """Direction and the slope along it."""
        xs = problem.xs
        move = self.direction(problem, point, own)
        slope = xs.dot(move.p, point.grad)
        descends = xs.isfinite(slope) & (slope < 0)
        if xs.host and descends:
            return move, slope
        p = xs.select(descends, move.p, self.steepest(problem, point, own))
        return move._replace(p=p), xs.where(descends, slope, xs.dot(p, point.grad))

    def step(self, problem: Problem, state: Iterate) -> Iterate:
        """Probe once; where the search ends, move and turn."""
        xs, line = problem.xs, state.memory
        x = self.move(problem, state.x, line.p, line.probe.step, line.own)
        value, grad = problem.value_and_gradient(x)
        probe = self.search.next(xs, line.probe, value, xs.dot(grad, line.p))
        searched, ended = line._replace(probe=probe), probe.done | probe.failed
        if xs.host and not ended:
            return state.replace(evaluations=state.evaluations + 1, memory=searched)
        running = True if xs.host else state.status == int(Status.RUNNING)
        accepted, ended = probe.done & running, ended & running
        count, steps = state.evaluations + xs.where(running, 1, 0), state.iterations + 1
        after = state.replace(x=x, value=value, grad=grad, evaluations=count, iterations=steps, memory=())
        if xs.host and accepted:
            point = after.replace(memory=searched)
            if self.measure(problem, point) <= problem.gtol:
                return point  # a direction would be looked for that nobody takes
        else:
            state = state.replace(evaluations=count, memory=())
            point = xs.select(accepted, after, state)
        own = self.remember(problem, line.own, state, after, searched)
        move, slope = self._turn(problem, point, own)
        step = self.first_step(problem, state, point, searched, slope)
        if not xs.host or probe.failed:
            step = xs.where(probe.failed, self._cautious(xs, point, move.p), step)
        # Where even a fresh start finds no step, or steps only wander, there is none to be found at this precision.
        stalls = xs.where(value < state.value, xs.integer(0), line.stalls + 1)
        hopeless = (probe.failed & line.fresh) | (stalls > PATIENCE)
        first = self.search.start(xs, self.reference(problem, point, own), slope, step)
        own = move.memory if xs.host or self.masks_memory else xs.select(ended, move.memory, line.own)
        new = Line(p=move.p, slope=slope, probe=first, fresh=probe.failed, stalls=stalls, own=own)
        if not xs.host:
            new = xs.select(ended, new._replace(own=()), searched._replace(own=()))._replace(own=own)
        status = xs.where(hopeless & ended, xs.integer(int(Status.NO_PROGRESS)), point.status)
        products = point.products
        if move.products is not NO_PRODUCTS:
            # as on the host, where nobody looks for a direction from a solution
            solved = accepted & (self.measure(problem, point.replace(memory=searched)) <= problem.gtol)
            products = products + xs.where(ended & xs.negate(solved), move.products, 0)
        return point.replace(status=status, memory=new, products=products)
