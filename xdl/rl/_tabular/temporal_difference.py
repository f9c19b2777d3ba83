"""Methods of one-step temporal differences: Q-learning, SARSA, and their relatives."""

from typing import Any, NamedTuple

from xdl.core import Array, array_namespace, static
from xdl.core._namespace import device_of
from xdl.rl._slots import put_rows

from .exploration import EpsilonGreedy, Exploration, UpperConfidence, at
from .learning import Shape, Step, TabularMethod

__all__ = ["SARSA", "DoubleQLearning", "ExpectedSARSA", "QLearning"]


class Table(NamedTuple):
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

    def init(self, shape: Shape, like: Array) -> Table:
        """Table of equal values."""
        n = shape.agents * shape.states * shape.actions
        counted = self.rate is None or isinstance(self.exploration, UpperConfidence)
        return Table(filled(n, self.initial, like), filled(n if counted else 0, 0.0, like))

    def values(self, memory: Table, row: Array, shape: Shape) -> Array:
        """Rows of the table."""
        return rows_of(memory.q, row, shape.actions)

    def counts(self, memory: Table, row: Array, shape: Shape) -> Array | None:
        """Visits, where they are counted."""
        return rows_of(memory.counts, row, shape.actions) if memory.counts.shape[0] else None

    def learn(self, memory: Table, step: Step, shape: Shape) -> Table:
        """Move the value of the action towards its reward and the value of what followed."""
        xp = array_namespace(memory.q)
        value = self.next_value(memory.q, step, shape)
        value = xp.where(step.terminated, 0.0, value)
        old = xp.take(memory.q, step.index)
        error = step.reward + self.discount * value - old
        rate, counts = self.rates(memory.counts, step.index, step.t)
        return Table(put_rows(memory.q, step.index, old + rate * error), counts)

    def rates(self, counts: Array, index: Array, t: Array, learns: Array | None = None) -> tuple[Any, Array]:
        """Part of the error that is corrected, and the visits with this one, of the agents that learn."""
        if counts.shape[0]:
            xp = array_namespace(counts)
            visits = xp.take(counts, index) + (1 if learns is None else xp.astype(learns, counts.dtype))
            counts = put_rows(counts, index, visits)
            if self.rate is None:
                return 1 / xp.where(visits > 0, visits, xp.ones_like(visits)), counts
        return at(self.rate, t), counts

    def rates_again(self, counts: Array, index: Array, t: Array) -> Any:
        """Part of the error that is corrected when a step is learned from once more."""
        if self.rate is not None:
            return at(self.rate, t)
        xp, visits = array_namespace(counts), array_namespace(counts).take(counts, index)
        return 1 / xp.where(visits > 0, visits, xp.ones_like(visits))

    def next_value(self, q: Array, step: Step, shape: Shape) -> Array:
        """Value of what followed: the best action's."""
        return array_namespace(q).take(q, step.next_row * shape.actions + step.next_best)


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

    def next_value(self, q: Array, step: Step, shape: Shape) -> Array:
        """Value of what followed: that of the action the policy takes there."""
        return array_namespace(q).take(q, step.next_row * shape.actions + step.next_action)


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

    def next_value(self, q: Array, step: Step, shape: Shape) -> Array:
        """Value of what followed: the mean over the policy's actions."""
        chances = self.exploration.probabilities(step.next_values, step.t)
        return array_namespace(q).sum(chances * step.next_values, axis=-1)


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

    def noise(self) -> int:
        """One, which tells the table that learns."""
        return 1

    def init(self, shape: Shape, like: Array) -> tuple[Table, Table]:
        """Two tables."""
        first, second = (super(DoubleQLearning, self).init(shape, like) for _ in range(2))
        return first, second

    def values(self, memory: tuple[Table, Table], row: Array, shape: Shape) -> Array:
        """Mean of both."""
        a, b = memory
        return (rows_of(a.q, row, shape.actions) + rows_of(b.q, row, shape.actions)) / 2

    def counts(self, memory: tuple[Table, Table], row: Array, shape: Shape) -> Array | None:
        """Visits of both."""
        a, b = memory
        if not a.counts.shape[0]:
            return None
        return rows_of(a.counts, row, shape.actions) + rows_of(b.counts, row, shape.actions)

    def learn(self, memory: tuple[Table, Table], step: Step, shape: Shape) -> tuple[Table, Table]:
        """Teach one table, by chance, with the other's value of its best action."""
        a, b = memory
        xp, index = array_namespace(a.q), step.index
        heads = step.noise[0, :] < 0.5
        choose = lambda x, y: xp.where(heads if x.ndim == 1 else heads[:, None], x, y)
        of_a, of_b = (rows_of(one.q, step.next_row, shape.actions) for one in memory)
        best = xp.argmax(choose(of_a, of_b), axis=-1, keepdims=True)
        value = xp.take_along_axis(choose(of_b, of_a), best, axis=-1)[:, 0]
        value = xp.where(step.terminated, xp.zeros_like(value), value)
        old_a, old_b = xp.take(a.q, index), xp.take(b.q, index)
        old = choose(old_a, old_b)
        rate, counts_a, counts_b = at(self.rate, step.t), a.counts, b.counts
        if counts_a.shape[0]:
            share = xp.astype(heads, old.dtype)
            visits_a, visits_b = xp.take(counts_a, index) + share, xp.take(counts_b, index) + (1 - share)
            counts_a, counts_b = (
                put_rows(counts_a, index, visits_a),
                put_rows(counts_b, index, visits_b),
            )
            if self.rate is None:
                rate = 1 / choose(visits_a, visits_b)
        new = old + rate * (step.reward + self.discount * value - old)
        return (
            Table(put_rows(a.q, index, choose(new, old_a)), counts_a),
            Table(put_rows(b.q, index, choose(old_b, new)), counts_b),
        )


def rows_of(flat: Array, row: Array, actions: int) -> Array:
    """Rows (n, actions) of tables that lie one after the other."""
    xp = array_namespace(flat)
    return xp.take(xp.reshape(flat, (-1, actions)), row, axis=0)


def filled(size: int, value: Any, like: Array) -> Array:
    """Table of equal numbers, in the library, dtype and on the device of an array."""
    return array_namespace(like).full((size,), value, dtype=like.dtype, device=device_of(like))
