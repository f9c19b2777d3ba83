"""Moves along the axes, and jumps along what they add up to."""

from typing import Any

from xdl.core import Array, Module, array_namespace
from xdl.core._namespace import device_of
from xdl.optim._method import Iterate
from xdl.optim._problem import Problem
from xdl.optim._status import Status

from .direct_search import DirectSearch, check_positive, or_infinite

__all__ = ["PatternSearch"]

# What is evaluated next: the point after a jump, or a move from it along an axis, or the opposite one.
JUMP, FORTH, BACK = range(3)


class Pattern(Module):
    """What the method remembers between evaluations; the base is the point of the iterate."""

    point: Array  # where the moves have led so far
    value: Any
    moves: Array  # of length 1 along each axis, with the sign that has succeeded last
    length: Any
    axis: Any
    stage: Any
    jumped: Any  # whether the moves began after a jump
    excess: Any


class PatternSearch(DirectSearch):
    """Hooke and Jeeves' search: try a move along each axis, then repeat all that succeeded in one jump.

    Moves that improve nothing are made shorter. Where a function has no derivatives, or noisy ones, the method
    needs nothing of them, and converges where they exist.

    Parameters
    ----------
    initial : float
        Length of the first moves, in units of ``max(|x|, 1)`` for each parameter of the start.
    tolerance : float
        Length of moves, in the same units, that ends the search when none of them improves.
    shrink : float
        What moves that improve nothing are multiplied by, in (0, 1).

    Notes
    -----
    The move along an axis that succeeded last is tried first. An iteration ends with a jump or with shorter moves.

    References
    ----------
    Hooke & Jeeves (1961), "Direct search solution of numerical and statistical problems"; Torczon (1997) for convergence
    """

    initial: float = 0.5
    tolerance: float = 1e-6
    shrink: float = 0.5

    def __post_init__(self) -> None:
        check_positive(self, "initial", "tolerance", "shrink")
        if self.shrink >= 1:
            message = f"`shrink` must be in (0, 1), got {self.shrink!r}"
            raise ValueError(message)

    def start(self, problem: Problem, state: Iterate) -> Pattern:
        """Moves from the start."""
        xs, x = problem.xs, state.x
        xp = array_namespace(x)
        return Pattern(
            point=x,
            value=state.value,
            moves=xp.maximum(xp.abs(x), xp.ones_like(x)),
            length=xs.constant(self.initial),
            axis=xs.integer(0),
            stage=xs.integer(FORTH),
            jumped=xs.negate(state.evaluations > 0),
            excess=xs.constant(self.initial / self.tolerance),
        )

    def advance(self, problem: Problem, state: Iterate) -> Iterate:
        """Evaluate one point; after the last move, jump or make them shorter."""
        xs, m, n = problem.xs, state.memory, problem.flat.size
        xp = array_namespace(state.x)
        jump, back = m.stage == JUMP, m.stage == BACK
        chosen = xp.arange(n, device=device_of(state.x)) == xs.expand(m.axis)
        factor = xs.where(jump, 0.0, xs.where(back, -m.length, m.length))
        trial = xp.where(chosen, m.point + xs.expand(factor) * m.moves, m.point)
        value = or_infinite(xs, problem.value(trial))

        better = jump | (value < m.value)
        point, best = xs.select(better, trial, m.point), xs.where(better, value, m.value)
        turn = back & better
        moves = xp.where(chosen & xs.expand(turn), -m.moves, m.moves) if not xs.host or turn else m.moves
        axis = m.axis + xs.where(jump | xs.negate(better | back), 0, 1)
        stage = xs.where(jump | better | back, FORTH, BACK)
        m = m.replace(point=point, value=best, moves=moves, axis=axis, stage=stage)
        state = state.replace(evaluations=state.evaluations + 1)
        over = axis == n
        if xs.host:
            return self._turn(problem, state, m) if over else state.replace(memory=m)
        return xs.select(over, self._turn(problem, state, m), state.replace(memory=m))

    def _turn(self, problem: Problem, state: Iterate, m: Pattern) -> Iterate:
        """After a move along each axis."""
        xs = problem.xs
        # What rounding errors make better is no move: repeated in jumps it would go on for very long.
        moved = xs.largest((m.point - state.x) / m.moves) >= 0.5 * m.length
        better = (m.value < state.value) & moved
        # After a jump that led nowhere, moves from the base itself come first, of the same length.
        shrinks = xs.negate(better | m.jumped)
        length = xs.where(shrinks, self.shrink * m.length, m.length)
        small = shrinks & (m.length <= self.tolerance)
        jumped = xs.select(better, 2.0 * m.point - state.x, state.x)
        memory = m.replace(
            point=jumped,
            value=state.value,
            length=length,
            axis=xs.integer(0),
            stage=xs.where(better, JUMP, FORTH),
            jumped=better,
            excess=length / self.tolerance,
        )
        return state.replace(
            x=xs.select(better, m.point, state.x),
            value=xs.where(better, m.value, state.value),
            status=xs.where(small, xs.integer(int(Status.CONVERGED)), state.status),
            iterations=state.iterations + xs.where(better | shrinks, 1, 0),
            memory=memory,
        )
