"""Methods that look several steps ahead before they correct a value."""

from typing import Any, NamedTuple

from xdl.core import Array, array_namespace, static
from xdl.core._namespace import device_of
from xdl.rl._slots import put_rows

from .exploration import EpsilonGreedy, Exploration
from .learning import Shape, Step
from .temporal_difference import SARSA, Table, rows_of

__all__ = ["NStepExpectedSARSA", "NStepSARSA", "TreeBackup"]


class Recent(NamedTuple):
    """Tables, and the last n steps of each agent, the oldest first."""

    table: Table
    index: Array  # (n, agents)
    reward: Array
    pending: Array  # whether the step is of this episode, and has not been learned from


class NStepSARSA(SARSA):
    """SARSA whose error is that of the rewards of n steps and the value after them.

    Parameters
    ----------
    rate, discount, exploration, initial
        As for `QLearning`.
    steps : int
        Rewards that are summed; 1 is `SARSA`.

    References
    ----------
    Sutton & Barto (2018), section 7.2. When an episode ends, its last returns are computed from the table as it is
    then, and the values are corrected one after the other, the oldest first.
    """

    steps: int = static(default=4)

    def init(self, shape: Shape, like: Array) -> Recent:
        """Table of equal values, and no steps."""
        if self.steps < 1:
            message = f"`steps` must be at least 1, got {self.steps}"
            raise ValueError(message)
        xp, device, size = array_namespace(like), device_of(like), (self.steps, shape.agents)
        some = xp.arange(shape.agents, device=device) * (shape.states * shape.actions)
        return Recent(
            super().init(shape, like),
            xp.broadcast_to(some, size) + xp.zeros(size, dtype=some.dtype, device=device),
            xp.zeros(size, dtype=like.dtype, device=device),
            xp.zeros(size, dtype=xp.bool, device=device),
        )

    def values(self, memory: Recent, row: Array, shape: Shape) -> Array:
        """Rows of the table."""
        return super().values(memory.table, row, shape)

    def counts(self, memory: Recent, row: Array, shape: Shape) -> Array | None:
        """Visits, where they are counted."""
        return super().counts(memory.table, row, shape)

    def learn(self, memory: Recent, step: Step, shape: Shape) -> Recent:
        """Correct the value of n steps ago; at the end of an episode, of all that are left."""
        xp, (q, counts) = array_namespace(step.reward), memory.table
        push = lambda old, new: xp.concat([old[1:, ...], xp.astype(new, old.dtype)[None, :]])
        index, reward = push(memory.index, step.index), push(memory.reward, step.reward)
        pending = push(memory.pending, xp.ones_like(step.ended))
        value = self.next_value(q, step, shape)
        value = xp.where(step.terminated, xp.zeros_like(value), value)
        for k, total in enumerate(self.totals(q, index, reward, value, step.t, shape)):
            learns = pending[k, :] & step.ended if k else pending[k, :]
            old = xp.take(q, index[k, :])
            rate, counts = self.rates(counts, index[k, :], step.t, learns)
            q = put_rows(q, index[k, :], xp.where(learns, old + rate * (total - old), old))
        return Recent(Table(q, counts), index, reward, pending & xp.logical_not(step.ended))

    def totals(
        self, q: Array, index: Array, reward: Array, value: Array, t: Array, shape: Shape
    ) -> list[Array]:
        """Return of each step, the oldest first; ``value`` is that of what followed the last."""
        found = []
        for k in reversed(range(self.steps)):
            value = reward[k, :] + self.discount * value
            found.append(value)
        return found[::-1]


class NStepExpectedSARSA(NStepSARSA):
    """`NStepSARSA` that takes the mean over the policy's actions after the last step.

    Parameters
    ----------
    rate, discount, exploration, initial, steps
        As for `NStepSARSA`; with 1 step this is `ExpectedSARSA`.

    References
    ----------
    Sutton & Barto (2018), equations 7.7 and 7.8
    """

    def next_value(self, q: Array, step: Step, shape: Shape) -> Array:
        """Value of what followed: the mean over the policy's actions."""
        chances = self.exploration.probabilities(step.next_values, step.t)
        return array_namespace(q).sum(chances * step.next_values, axis=-1)


class TreeBackup(NStepSARSA):
    """Learn the values of a policy from n steps of another, without ratios of their probabilities.

    At each step the actions that were not taken count by their values, and the one that was taken by what it led to.

    Parameters
    ----------
    rate, discount, exploration, initial, steps
        As for `NStepSARSA`.
    target : Exploration
        Policy whose values are learned; default: the best one.

    References
    ----------
    Precup, Sutton & Singh (2000); Sutton & Barto (2018), section 7.5, equation 7.16. Deviation: all returns of the
    steps that are left when an episode ends are computed from the same table.
    """

    target: Exploration = static(default=EpsilonGreedy(0.0))

    def next_value(self, q: Array, step: Step, shape: Shape) -> Array:
        """Value of what followed: the mean over the target's actions."""
        chances = self.target.probabilities(step.next_values, step.t)
        return array_namespace(q).sum(chances * step.next_values, axis=-1)

    def totals(
        self, q: Array, index: Array, reward: Array, value: Array, t: Any, shape: Shape
    ) -> list[Array]:
        """Return of each step, by equation 7.16."""
        xp, found = array_namespace(q), []
        for k in reversed(range(self.steps)):
            value = reward[k, :] + self.discount * value
            found.append(value)
            rows = rows_of(q, index[k, :] // shape.actions, shape.actions)
            taken = (index[k, :] % shape.actions)[:, None] == xp.arange(shape.actions, device=device_of(q))
            weights = self.target.probabilities(rows, t)
            value = xp.sum(weights * xp.where(taken, value[:, None], rows), axis=-1)
        return found[::-1]
