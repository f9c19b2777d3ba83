"""Q-learning that learns a model beside, and from the model as well."""

from typing import ClassVar, NamedTuple

from xdl import autodiff
from xdl.core import Array, array_namespace, static
from xdl.core._namespace import device_of
from xdl.rl._slots import put_rows

from .learning import Shape, Step
from .temporal_difference import QLearning, Table, filled, rows_of

__all__ = ["DynaQ", "Model", "best_value", "init_model", "model_with"]


class Model(NamedTuple):
    """What each action led to when it was last taken; until then it stays where it is, for nothing."""

    reward: Array  # (agents * states * actions,)
    target: Array  # row that followed
    goes_on: Array  # whether that was no terminal state
    tried: Array  # number of the step; 0 for never


def init_model(shape: Shape, like: Array) -> Model:
    """Model of what nobody has tried."""
    n, xp = shape.agents * shape.states * shape.actions, array_namespace(like)
    rows = xp.arange(n, device=device_of(like)) // shape.actions
    return Model(filled(n, 0.0, like), rows, filled(n, 1.0, like), filled(n, 0.0, like))


def model_with(model: Model, step: Step) -> Model:
    """Model that knows of one more step."""
    xp = array_namespace(step.reward)
    told = (step.reward, step.next_row, xp.logical_not(step.terminated), step.t + 0 * step.reward)
    put = lambda table, value: put_rows(table, step.index, xp.astype(value, table.dtype))
    return Model(*(put(table, value) for table, value in zip(model, told, strict=True)))


def best_value(q: Array, row: Array, shape: Shape) -> Array:
    """Value of the best action in each row."""
    xp, rows = array_namespace(q), rows_of(q, row, shape.actions)
    # a maximum along a few entries takes NumPy five times as long as its place
    return xp.take_along_axis(rows, xp.argmax(rows, axis=-1, keepdims=True), axis=-1)[:, 0]


class Dyna(NamedTuple):
    """Tables, the model, and what can be drawn from it."""

    table: Table
    model: Model
    rows: Array  # (agents * states,): rows of the states that were seen, of each agent
    seen: Array  # (agents,): how many
    actions: Array  # (agents * states * actions,): entries of the actions that were taken, in each row
    taken: Array  # (agents * states,): how many


class DynaQ(QLearning):
    """Q-learning that after each step learns from some remembered ones: a random state and action seen before.

    Parameters
    ----------
    rate, discount, exploration, initial
        As for `QLearning`.
    planning : int
        Remembered steps for each real one.
    bonus : float
        Dyna-Q+: a remembered reward grows by ``bonus`` times the root of the number of steps since the action was
        taken, and actions that never were are drawn as well, as if they led nowhere.

    References
    ----------
    Sutton (1990); Sutton & Barto (2018), sections 8.2 and 8.3. Where actions have several outcomes, the model is
    the last one.
    """

    acts_after_learning: ClassVar[bool] = True

    planning: int = static(default=5)
    bonus: float = static(default=0.0)

    def noise(self) -> int:
        """A state and an action for each remembered step."""
        return 2 * self.planning

    def init(self, shape: Shape, like: Array) -> Dyna:
        """Table of equal values, and a model of nothing."""
        xp, device = array_namespace(like), device_of(like)
        rows = shape.agents * shape.states
        zeros = lambda n: xp.zeros((n,), dtype=xp.arange(0, device=device).dtype, device=device)
        return Dyna(
            super().init(shape, like),
            init_model(shape, like),
            zeros(rows),
            zeros(shape.agents),
            zeros(rows * shape.actions),
            zeros(rows),
        )

    def values(self, memory: Dyna, row: Array, shape: Shape) -> Array:
        """Rows of the table."""
        return super().values(memory.table, row, shape)

    def counts(self, memory: Dyna, row: Array, shape: Shape) -> Array | None:
        """Visits, where they are counted."""
        return super().counts(memory.table, row, shape)

    def learn(self, memory: Dyna, step: Step, shape: Shape) -> Dyna:
        """Learn from the step, remember it, then learn from what is remembered."""
        xp = array_namespace(step.reward)
        q, counts = super().learn(memory.table, step, shape)
        memory = _remember(memory, step, shape)
        model, agents = memory.model, xp.arange(shape.agents, dtype=memory.rows.dtype, device=device_of(q))

        def draw(n: Array, u: Array) -> Array:
            return xp.astype(u * xp.astype(n, u.dtype), n.dtype)

        def plan(q: Array, u: tuple[Array, Array]) -> tuple[Array, None]:
            row = xp.take(memory.rows, agents * shape.states + draw(memory.seen, u[0]))
            if self.bonus:
                index = row * shape.actions + draw(xp.full_like(row, shape.actions), u[1])
            else:
                which = draw(xp.take(memory.taken, row), u[1])
                index = xp.take(memory.actions, row * shape.actions + which)
            reward = xp.take(model.reward, index)
            if self.bonus:
                reward = reward + self.bonus * xp.sqrt(step.t - xp.take(model.tried, index))
            value = best_value(q, xp.take(model.target, index), shape) * xp.take(model.goes_on, index)
            old = xp.take(q, index)
            rate = self.rates_again(counts, index, step.t)
            return put_rows(q, index, old + rate * (reward + self.discount * value - old)), None

        if self.planning:
            u = step.noise
            q, _ = autodiff.scan(plan, q, (u[: self.planning, :], u[self.planning :, :]))
        return memory._replace(table=Table(q, counts))


def _remember(memory: Dyna, step: Step, shape: Shape) -> Dyna:
    """Memory with one more step."""
    xp = array_namespace(step.reward)
    n_taken, n_seen = xp.take(memory.taken, step.row), memory.seen
    fresh_row, fresh = n_taken == 0, xp.take(memory.model.tried, step.index) == 0
    agents = xp.arange(shape.agents, dtype=n_seen.dtype, device=device_of(n_seen))

    def append(table: Array, first: Array, count: Array, size: int, value: Array, new: Array) -> Array:
        # where nothing is new, an entry is written as it is: the last one of a list that may be full
        place = first + xp.minimum(count, xp.full_like(count, size - 1))
        return put_rows(table, place, xp.where(new, xp.astype(value, table.dtype), xp.take(table, place)))

    count = lambda n, new: n + xp.astype(new, n.dtype)
    row = xp.astype(step.row, n_seen.dtype)
    return memory._replace(
        model=model_with(memory.model, step),
        rows=append(memory.rows, agents * shape.states, n_seen, shape.states, row, fresh_row),
        seen=count(n_seen, fresh_row),
        actions=append(memory.actions, row * shape.actions, n_taken, shape.actions, step.index, fresh),
        taken=put_rows(memory.taken, step.row, count(n_taken, fresh)),
    )
