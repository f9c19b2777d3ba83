"""Customers whose engagement goes up and down, more often up while they are paid for it."""

from xdl.core import Array, static
from xdl.rl._models.engagement import engagement_chain

from .tabular import TabularEnvironment, rows_of_process, tables_of_rows

__all__ = ["EngagementChain"]


class EngagementChain(TabularEnvironment):
    """The decision process of `engagement_chain`, to be learned in.

    Actions are to leave the level to itself (0) and to promote it (1); an observation is the level, from 0.
    Episodes do not end by themselves.

    Parameters
    ----------
    cost : float
        Price of promotion for a step.
    levels : int
        Number of levels; a step in level s pays s + 1.
    start : int, optional
        Level in which episodes begin; default: any.
    max_steps : int
        Steps after which an episode is truncated.
    like : array, optional
        Array whose library, dtype and device the tables take; default: the current backend.

    References
    ----------
    As for `engagement_chain`
    """

    cost: float = static()

    def __init__(
        self,
        cost: float = 0.5,
        *,
        levels: int = 10,
        start: int | None = None,
        max_steps: int = 100,
        like: Array | None = None,
    ):
        if start is not None and not 0 <= start < levels:
            message = f"`start` must be in [0, {levels}), got {start}"
            raise ValueError(message)
        rows, first, self.actions = rows_of_process(engagement_chain(cost, levels=levels))
        if start is not None:
            first = [float(level == start) for level in range(levels)]
        self.cost, self.max_steps = cost, max_steps
        for name, table in tables_of_rows(rows, first, like).items():
            setattr(self, name, table)
