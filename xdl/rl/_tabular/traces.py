"""Methods whose errors correct all that was done lately: eligibility traces."""

from typing import NamedTuple

from xdl.core import Array, array_namespace, static
from xdl.rl._slots import put_rows

from .learning import Shape, Step
from .temporal_difference import SARSA, QLearning, Table, filled

__all__ = ["QLambda", "SARSALambda"]

TRACES = ("accumulating", "replacing", "dutch")


class Traced(NamedTuple):
    """Tables, traces of all entries, and the value that was expected of the next step."""

    table: Table
    trace: Array  # (agents * states * actions,)
    expected: Array  # (agents,)


class SARSALambda(SARSA):
    """SARSA that corrects every value in proportion to how lately its action was taken.

    A step takes time in proportion to the size of the tables.

    Parameters
    ----------
    rate, discount, exploration, initial
        As for `QLearning`.
    trace_decay : float
        Factor λ of a trace in a step, beside the discount: 0 is `SARSA`, 1 looks as far as the episode reaches.
    traces : {"accumulating", "replacing", "dutch"}
        What a visit does to a trace: adds 1, sets it to 1, or adds what makes each step equal to the λ-return of
        all that has been seen. The last is true online SARSA(λ): with λ = 1 its values after an episode are those
        of Monte Carlo, every visit with a constant rate, from the first to the last.

    References
    ----------
    Sutton & Barto (2018), section 12.7, equation 12.11; van Seijen, Mahmood, Pilarski, Machado & Sutton (2016),
    Journal of Machine Learning Research 17(145), algorithm 2
    """

    trace_decay: float = static(default=0.9)
    traces: str = static(default="accumulating")

    def init(self, shape: Shape, like: Array) -> Traced:
        """Table of equal values, and no traces."""
        if self.traces not in TRACES:
            message = f"`traces` must be one of {', '.join(TRACES)}, got {self.traces!r}"
            raise ValueError(message)
        size = shape.agents * shape.states * shape.actions
        return Traced(super().init(shape, like), filled(size, 0.0, like), filled(shape.agents, 0.0, like))

    def values(self, memory: Traced, row: Array, shape: Shape) -> Array:
        """Rows of the table."""
        return super().values(memory.table, row, shape)

    def counts(self, memory: Traced, row: Array, shape: Shape) -> Array | None:
        """Visits, where they are counted."""
        return super().counts(memory.table, row, shape)

    def learn(self, memory: Traced, step: Step, shape: Shape) -> Traced:
        """Set the trace of the action, and correct all values by the error times their traces."""
        xp, (q, counts), index = array_namespace(step.reward), memory.table, step.index
        value = self.next_value(q, step, shape)
        value = xp.where(step.terminated, xp.zeros_like(value), value)
        own, before = xp.take(q, index), xp.take(memory.trace, index)
        error = step.reward + self.discount * value - own
        rate, counts = self.rates(counts, index, step.t)
        dutch, ones = self.traces == "dutch", xp.ones_like(own)
        new = {"accumulating": before + 1, "replacing": ones, "dutch": before + 1 - rate * before}
        trace = put_rows(memory.trace, index, new[self.traces])
        # what the last step expected of this one, and what this table says: equal unless it has changed since
        drift = own - memory.expected if dutch else None
        scale = rate * (error if drift is None else error + drift)
        q = over_agents(trace, scale, shape) + q
        if drift is not None:
            q = put_rows(q, index, xp.take(q, index) - rate * drift)
        goes_on = xp.logical_not(self.cut(memory.table.q, step, value, shape))
        factor = self.discount * self.trace_decay * xp.astype(goes_on, trace.dtype)
        return Traced(Table(q, counts), over_agents(trace, factor, shape), value)

    def cut(self, q: Array, step: Step, value: Array, shape: Shape) -> Array:
        """Where traces end."""
        return step.ended


class QLambda(SARSALambda):
    """Q-learning with traces, which end where an action is tried that is not the best: Watkins's Q(λ).

    Parameters
    ----------
    rate, discount, exploration, initial, trace_decay, traces
        As for `SARSALambda`; with decay 0 this is `QLearning`.

    References
    ----------
    Watkins (1989); Sutton & Barto (2018), section 12.10
    """

    def next_value(self, q: Array, step: Step, shape: Shape) -> Array:
        """Value of what followed: the best action's."""
        return QLearning.next_value(self, q, step, shape)

    def cut(self, q: Array, step: Step, value: Array, shape: Shape) -> Array:
        """At the end of an episode, and before an action that is worth less than the best."""
        return step.ended | (SARSA.next_value(self, q, step, shape) < value)


def over_agents(table: Array, factor: Array, shape: Shape) -> Array:
    """Tables that lie one after the other, each times a number of its agent."""
    xp = array_namespace(table)
    return xp.reshape(xp.reshape(table, (shape.agents, -1)) * factor[:, None], (-1,))
