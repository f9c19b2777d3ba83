"""Methods that learn when an episode is over, from what it has earned."""

from typing import Any, ClassVar, NamedTuple

from xdl import autodiff
from xdl.core import Array, array_namespace, static
from xdl.core._namespace import device_of
from xdl.rl._slots import put_rows

from .exploration import EpsilonGreedy, Exploration
from .learning import Shape, Step, TabularMethod
from .temporal_difference import SARSA, Table, filled, rows_of

__all__ = ["MonteCarlo", "OffPolicyMonteCarlo"]

VISITS = ("first", "every")


class Episode(NamedTuple):
    """Tables, and the steps of each agent's episode."""

    table: Table
    index: Array  # (horizon * agents,)
    reward: Array
    weight: Array  # of the step; what it is the method says
    length: Array  # (agents,)
    stamp: Array  # (agents * states * actions,): number of the last episode that took the action
    number: Array  # (agents,): that of this episode, from 1


def begin(table: Table, shape: Shape, like: Array) -> Episode:
    """Episodes without steps."""
    xp, device = array_namespace(like), device_of(like)
    size, entries = shape.horizon * shape.agents, shape.states * shape.actions
    agents = xp.arange(shape.agents, device=device)
    zeros = lambda n: xp.zeros((n,), dtype=xp.int32, device=device)
    return Episode(
        table,
        # of its own table each, so that no two places are alike where some of the agents have no such step
        xp.tile(agents * entries, (shape.horizon,)),
        filled(size, 0.0, like),
        filled(size, 0.0, like),
        xp.zeros_like(agents),
        zeros(shape.agents * entries),
        zeros(shape.agents) + 1,
    )


def record(memory: Episode, step: Step, weight: Array, shape: Shape) -> Episode:
    """Episodes with one more step."""
    xp = array_namespace(step.reward)
    agents = xp.arange(shape.agents, dtype=memory.length.dtype, device=device_of(step.reward))
    place = memory.length * shape.agents + agents
    put = lambda table, value: put_rows(table, place, xp.astype(value, table.dtype))
    return memory._replace(
        index=put(memory.index, step.index),
        reward=put(memory.reward, step.reward),
        weight=put(memory.weight, weight),
        length=memory.length + 1,
    )


def replay(memory: Episode, step: Step, correct: Any, first: Any, shape: Shape) -> Episode:
    """Run over the episodes that have ended, from their last step to the first.

    ``carry = correct(carry, runs, index, reward, weight)`` is called for each step, with the agents whose episodes
    have it, from ``first`` on; a carry begins with the table.
    """
    xp = array_namespace(step.reward)
    lengths = xp.where(step.ended, memory.length, xp.zeros_like(memory.length))
    columns = [xp.reshape(c, (shape.horizon, shape.agents)) for c in memory[1:4]]

    def back(state: tuple[Array, Any]) -> tuple[Array, Any]:
        k, carry = state[0] - 1, state[1]
        index, reward, weight = (xp.take(c, xp.reshape(k, (1,)), axis=0)[0, :] for c in columns)
        return k, correct(carry, k < lengths, index, reward, weight)

    carry = autodiff.while_loop(lambda state: state[0] > 0, back, (xp.max(lengths), first))[1]
    return memory._replace(
        table=carry[0],
        length=xp.where(step.ended, xp.zeros_like(lengths), memory.length),
        number=memory.number + xp.astype(step.ended, memory.number.dtype),
    )


class MonteCarlo(SARSA):
    """Learn what actions have earned until the end of the episode, following the policy that improves.

    Parameters
    ----------
    rate, discount, exploration, initial
        As for `QLearning`; the mean of all returns by default.
    visits : {"first", "every"}
        Which visits of a state and action count, if an episode has several.

    References
    ----------
    Sutton & Barto (2018), section 5.4. An episode that was cut off is worth the value of the action that would
    have come next, beside what it has earned.
    """

    acts_after_learning: ClassVar[bool] = True

    rate: Any = static(default=None)
    visits: str = static(default="first")

    def init(self, shape: Shape, like: Array) -> Episode:
        """Table of equal values, and no steps."""
        if self.visits not in VISITS:
            message = f"`visits` must be one of {', '.join(VISITS)}, got {self.visits!r}"
            raise ValueError(message)
        return begin(super().init(shape, like), shape, like)

    def values(self, memory: Episode, row: Array, shape: Shape) -> Array:
        """Rows of the table."""
        return super().values(memory.table, row, shape)

    def counts(self, memory: Episode, row: Array, shape: Shape) -> Array | None:
        """Visits that were learned from, where they are counted."""
        return super().counts(memory.table, row, shape)

    def learn(self, memory: Episode, step: Step, shape: Shape) -> Episode:
        """Remember the step; where the episode has ended, correct the values of all its steps."""
        xp = array_namespace(step.reward)
        fresh = xp.ones_like(step.ended)
        if self.visits == "first":
            fresh = xp.take(memory.stamp, step.index) != memory.number
            memory = memory._replace(stamp=put_rows(memory.stamp, step.index, memory.number))
        value = self.next_value(memory.table.q, step, shape)
        value = xp.where(step.terminated, xp.zeros_like(value), value)

        def correct(carry: Any, runs: Array, index: Array, reward: Array, fresh: Array) -> Any:
            (q, counts), total = carry
            total = xp.where(runs, reward + self.discount * total, total)
            learns, old = runs & (fresh > 0), xp.take(q, index)
            rate, counts = self.rates(counts, index, step.t, learns)
            q = put_rows(q, index, xp.where(learns, old + rate * (total - old), old))
            return Table(q, counts), total

        return replay(record(memory, step, fresh, shape), step, correct, (memory.table, value), shape)


class OffPolicyMonteCarlo(TabularMethod):
    """Learn the values of the best policy from episodes of another, weighted by the ratio of their probabilities.

    Parameters
    ----------
    discount : float
        Factor of rewards one step later.
    exploration : Exploration
        How actions are chosen; it must have probabilities, and take every action.
    initial : float
        First value of every action.

    References
    ----------
    Sutton & Barto (2018), section 5.7. An episode that was cut off is worth the value of the best action that could
    have come next, beside what it has earned.
    """

    acts_after_learning: ClassVar[bool] = True

    discount: float = static(default=0.99)
    exploration: Exploration = static(default=EpsilonGreedy())
    initial: float = static(default=0.0)

    def init(self, shape: Shape, like: Array) -> Episode:
        """Table of equal values, sums of weights, and no steps."""
        size = shape.agents * shape.states * shape.actions
        return begin(Table(filled(size, self.initial, like), filled(size, 0.0, like)), shape, like)

    def values(self, memory: Episode, row: Array, shape: Shape) -> Array:
        """Rows of the table."""
        return rows_of(memory.table.q, row, shape.actions)

    def learn(self, memory: Episode, step: Step, shape: Shape) -> Episode:
        """Remember the step; where the episode has ended, go back as far as its actions were the best."""
        xp, q = array_namespace(step.reward), memory.table.q
        chances = self.exploration.probabilities(rows_of(q, step.row, shape.actions), step.t)
        action = (step.index - step.row * shape.actions)[:, None]
        taken = xp.take_along_axis(chances, action, axis=-1)[:, 0]
        value = xp.take(q, step.next_row * shape.actions + step.next_best)
        value = xp.where(step.terminated, xp.zeros_like(value), value)

        def correct(carry: Any, runs: Array, index: Array, reward: Array, taken: Array) -> Any:
            (q, sums), total, weight = carry
            total = xp.where(runs, reward + self.discount * total, total)
            learns, old = runs & (weight > 0), xp.take(q, index)
            sum_ = xp.take(sums, index) + xp.where(learns, weight, xp.zeros_like(weight))
            part = weight / xp.where(learns, sum_, xp.ones_like(sum_))
            q = put_rows(q, index, xp.where(learns, old + part * (total - old), old))
            best = xp.argmax(rows_of(q, index // shape.actions, shape.actions), axis=-1)
            matches = xp.astype(best == index % shape.actions, weight.dtype)
            ones = xp.ones_like(weight)
            weight = weight * xp.where(runs, matches, ones) / xp.where(runs, taken, ones)
            return Table(q, put_rows(sums, index, sum_)), total, weight

        first = (memory.table, value, xp.ones_like(value))
        return replay(record(memory, step, taken, shape), step, correct, first, shape)
