"""Q-learning that learns from its model where the values change most."""

from typing import ClassVar, NamedTuple

from xdl import autodiff
from xdl.core import Array, array_namespace, static
from xdl.core._namespace import device_of
from xdl.rl._slots import put_rows

from .dyna import Model, best_value, init_model, model_with
from .learning import Shape, Step
from .temporal_difference import QLearning, Table, filled

__all__ = ["PrioritizedSweeping"]


class Queue(NamedTuple):
    """Tables, the model, and how urgent each of its entries is: 0 for those that do not wait."""

    table: Table
    model: Model
    priority: Array  # (agents * states * actions,)


class PrioritizedSweeping(QLearning):
    """Q-learning that after each step goes through its model backwards, the largest error first.

    A remembered step takes time in proportion to the size of the tables.

    Parameters
    ----------
    rate, discount, exploration, initial
        As for `QLearning`.
    planning : int
        Remembered steps for each real one.
    threshold : float
        Errors that are smaller do not wait.

    References
    ----------
    Moore & Atkeson (1993), Machine Learning 13; Sutton & Barto (2018), section 8.4. A real step is learned
    from when its turn comes. Where actions have several outcomes, the model is the last one.
    """

    acts_after_learning: ClassVar[bool] = True

    planning: int = static(default=5)
    threshold: float = static(default=1e-4)

    def init(self, shape: Shape, like: Array) -> Queue:
        """Table of equal values, and a model of nothing."""
        size = shape.agents * shape.states * shape.actions
        return Queue(super().init(shape, like), init_model(shape, like), filled(size, 0.0, like))

    def values(self, memory: Queue, row: Array, shape: Shape) -> Array:
        """Rows of the table."""
        return super().values(memory.table, row, shape)

    def counts(self, memory: Queue, row: Array, shape: Shape) -> Array | None:
        """Visits, where they are counted."""
        return super().counts(memory.table, row, shape)

    def learn(self, memory: Queue, step: Step, shape: Shape) -> Queue:
        """Remember the step, let it wait if its error is large, then serve those that wait."""
        (q, counts), xp = memory.table, array_namespace(step.reward)
        model = model_with(memory.model, step)
        _, counts = self.rates(counts, step.index, step.t)
        agents = xp.arange(shape.agents, dtype=model.target.dtype, device=device_of(q))
        per_agent = lambda x: xp.reshape(x, (shape.agents, -1))

        def target_of(q: Array, index: Array) -> Array:
            value = best_value(q, xp.take(model.target, index), shape) * xp.take(model.goes_on, index)
            return xp.take(model.reward, index) + self.discount * value

        def urgency(error: Array) -> Array:
            error = xp.abs(error)
            return xp.where(error > self.threshold, error, xp.zeros_like(error))

        waits = xp.take(memory.priority, step.index)
        waits = xp.maximum(waits, urgency(target_of(q, step.index) - xp.take(q, step.index)))
        priority = put_rows(memory.priority, step.index, waits)

        def serve(carry: tuple[Array, Array], _: Array) -> tuple[tuple[Array, Array], None]:
            q, priority = carry
            most = xp.astype(xp.argmax(per_agent(priority), axis=-1), agents.dtype)
            index = agents * (shape.states * shape.actions) + most
            waits, old = xp.take(priority, index) > 0, xp.take(q, index)
            new = old + self.rates_again(counts, index, step.t) * (target_of(q, index) - old)
            q = put_rows(q, index, xp.where(waits, new, old))
            priority = put_rows(priority, index, xp.zeros_like(old))
            # all that lead to this state, as far as the model knows
            row = index // shape.actions
            leads = (per_agent(model.target) == row[:, None]) & (per_agent(model.tried * model.goes_on) > 0)
            error = per_agent(model.reward - q) + self.discount * best_value(q, row, shape)[:, None]
            error = xp.where(leads & waits[:, None], urgency(error), xp.zeros_like(error))
            return (q, xp.reshape(xp.maximum(per_agent(priority), error), (-1,))), None

        times = xp.arange(self.planning, device=device_of(q))
        (q, priority), _ = autodiff.scan(serve, (q, priority), times)
        return Queue(Table(q, counts), model, priority)
