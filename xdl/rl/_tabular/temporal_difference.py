"""Methods of one-step temporal differences: Q-learning, SARSA, and their relatives."""

from typing import Any, ClassVar

from xdl.core import Array, Module, array_namespace, static
from xdl.core._namespace import device_of

from .entries import add_entries
from .exploration import EpsilonGreedy, Exploration, UpperConfidence, at
from .learning import Step, TabularMethod

__all__ = ["SARSA", "DoubleQLearning", "ExpectedSARSA", "QLearning"]


class Table(Module):
    """Values, and how often each was changed, of all agents' tables one after the other."""

    q: Array  # (agents * states * actions,)
    counts: Array


class QLearning(TabularMethod):
    """Learn the values of the best policy while following another.

    Parameters
    ----------
    rate : float, schedule or None
        Part of the error that a step corrects: a number, or a function of the count of steps; None takes the mean,
        one over the number of visits.
    discount : float
        Factor of rewards one step later.
    exploration : Exploration
        How actions are chosen.
    initial : float
        First value of every action: one above what can be earned makes agents try everything.

    References
    ----------
    Watkins & Dayan (1992), Machine Learning 8; Sutton & Barto (2018), section 6.5
    """

    rate: Any = static(default=0.1)
    discount: float = static(default=0.99)
    exploration: Exploration = static(default=EpsilonGreedy())
    initial: float = static(default=0.0)

    def init(self, agents: int, states: int, actions: int, like: Array) -> Table:
        """Table of equal values."""
        xp, n = array_namespace(like), agents * states * actions
        counted = self.rate is None or isinstance(self.exploration, UpperConfidence)
        full = lambda size, value: xp.full((size,), value, dtype=like.dtype, device=device_of(like))
        return Table(full(n, self.initial), full(n if counted else 0, 0.0))

    def values(self, memory: Table, row: Array, actions: int) -> Array:
        """Rows of the table."""
        return rows_of(memory.q, row, actions)

    def counts(self, memory: Table, row: Array, actions: int) -> Array | None:
        """Visits, where they are counted."""
        return rows_of(memory.counts, row, actions) if memory.counts.shape[0] else None

    def learn(self, memory: Table, step: Step, actions: int) -> Table:
        """Move the value of the action towards its reward and the value of what followed."""
        xp = array_namespace(memory.q)
        index = step.row * actions + step.action
        value = self.next_value(memory.q, step, actions)
        value = xp.where(step.terminated, xp.zeros_like(value), value)
        error = step.reward + self.discount * value - xp.take(memory.q, index)
        counts = memory.counts
        if counts.shape[0]:
            counts = add_entries(counts, index, xp.ones_like(error))
        rate = 1 / xp.take(counts, index) if self.rate is None else at(self.rate, step.t)
        return Table(add_entries(memory.q, index, rate * error), counts)

    def next_value(self, q: Array, step: Step, actions: int) -> Array:
        """Value of what followed: the best action's."""
        xp, rows = array_namespace(q), rows_of(q, step.next_row, actions)
        # a maximum along a few entries takes NumPy five times as long as its place
        return xp.take_along_axis(rows, xp.argmax(rows, axis=-1, keepdims=True), axis=-1)[:, 0]


class SARSA(QLearning):
    """Learn the values of the policy that is followed.

    Parameters
    ----------
    rate, discount, exploration, initial
        As for `QLearning`.

    References
    ----------
    Rummery & Niranjan (1994); Sutton & Barto (2018), section 6.4
    """

    uses_next_action: ClassVar[bool] = True

    def next_value(self, q: Array, step: Step, actions: int) -> Array:
        """Value of what followed: that of the action the policy takes there."""
        return array_namespace(q).take(q, step.next_row * actions + step.next_action)


class ExpectedSARSA(QLearning):
    """Learn the values of the policy that is followed, by its mean over the next actions.

    Parameters
    ----------
    rate, discount, exploration, initial
        As for `QLearning`.

    References
    ----------
    van Seijen, van Hasselt, Whiteson & Wiering (2009); Sutton & Barto (2018), section 6.6
    """

    def next_value(self, q: Array, step: Step, actions: int) -> Array:
        """Value of what followed: the mean over the policy's actions."""
        rows = rows_of(q, step.next_row, actions)
        return array_namespace(q).sum(self.exploration.probabilities(rows, step.t) * rows, axis=-1)


class DoubleQLearning(QLearning):
    """Q-learning with two tables, of which one chooses the best action and the other tells its value.

    Parameters
    ----------
    rate, discount, exploration, initial
        As for `QLearning`; each table learns half of the steps.

    References
    ----------
    van Hasselt (2010), Advances in Neural Information Processing Systems 23, algorithm 1
    """

    noise: ClassVar[int] = 1

    def init(self, agents: int, states: int, actions: int, like: Array) -> tuple[Table, Table]:
        """Two tables."""
        first, second = (super(DoubleQLearning, self).init(agents, states, actions, like) for _ in range(2))
        return first, second

    def values(self, memory: tuple[Table, Table], row: Array, actions: int) -> Array:
        """Mean of both."""
        a, b = memory
        return (rows_of(a.q, row, actions) + rows_of(b.q, row, actions)) / 2

    def counts(self, memory: tuple[Table, Table], row: Array, actions: int) -> Array | None:
        """Visits of both."""
        a, b = memory
        if not a.counts.shape[0]:
            return None
        return rows_of(a.counts, row, actions) + rows_of(b.counts, row, actions)

    def learn(self, memory: tuple[Table, Table], step: Step, actions: int) -> tuple[Table, Table]:
        """Teach one table, by chance, with the other's value of its best action."""
        a, b = memory
        xp = array_namespace(a.q)
        heads = step.noise[:, 0] < 0.5
        of_a, of_b = rows_of(a.q, step.next_row, actions), rows_of(b.q, step.next_row, actions)
        best = xp.argmax(xp.where(heads[:, None], of_a, of_b), axis=-1, keepdims=True)
        value = xp.take_along_axis(xp.where(heads[:, None], of_b, of_a), best, axis=-1)[:, 0]
        value = xp.where(step.terminated, xp.zeros_like(value), value)
        index = step.row * actions + step.action
        own = xp.where(heads, xp.take(a.q, index), xp.take(b.q, index))
        error = step.reward + self.discount * value - own
        share = xp.astype(heads, error.dtype)
        counts_a, counts_b = a.counts, b.counts
        if counts_a.shape[0]:
            counts_a, counts_b = add_entries(counts_a, index, share), add_entries(counts_b, index, 1 - share)
        if self.rate is None:
            rate = 1 / xp.where(heads, xp.take(counts_a, index), xp.take(counts_b, index))
        else:
            rate = at(self.rate, step.t)
        change = rate * error
        return (
            Table(add_entries(a.q, index, share * change), counts_a),
            Table(add_entries(b.q, index, (1 - share) * change), counts_b),
        )


def rows_of(flat: Array, row: Array, actions: int) -> Array:
    """Rows (n, actions) of tables that lie one after the other."""
    xp = array_namespace(flat)
    return xp.take(xp.reshape(flat, (-1, actions)), row, axis=0)
