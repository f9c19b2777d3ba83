"""Planning to a known end."""

from typing import Any

from xdl.autodiff import scan
from xdl.core import Array, Module, array_namespace
from xdl.rl._plan import compiled, greedy

from .value_iteration import initial_value

__all__ = ["FinitePlan", "backward_induction"]


class FinitePlan(Module):
    """Values and best actions for each number of steps taken.

    Parameters
    ----------
    value : (horizon + 1, ..., states) array
        Value of each state when k steps have been taken; the last is the final value.
    policy : (horizon, ..., states) integer array
        Best action then.
    """

    value: Array
    policy: Array


def backward_induction(mdp: Any, horizon: int, *, final: Array | None = None) -> FinitePlan:
    """Solve a decision process that ends after a number of steps.

    Parameters
    ----------
    mdp : MDP or SparseMDP
        The process, or several.
    horizon : int
        Number of steps.
    final : (..., states) array, optional
        What each state is worth at the end; default: nothing.

    Returns
    -------
    FinitePlan

    References
    ----------
    Bellman (1957); Puterman (1994), section 4.5
    """
    if horizon < 1:
        message = f"`horizon` must be at least 1 step, got {horizon}"
        raise ValueError(message)
    value, policy = _steps(mdp, initial_value(mdp, final), horizon=horizon)
    return FinitePlan(value, policy)


@compiled
def _steps(mdp: Any, final: Array, *, horizon: int) -> tuple[Array, Array]:
    xp = array_namespace(final)

    def step(value: Array, _: Any) -> Any:
        q = mdp.action_value(value)
        now = xp.max(q, axis=-2)
        return now, (now, greedy(q))

    _, (values, policies) = scan(step, final, length=horizon, reverse=True)
    return xp.concat([values, final[None, ...]], axis=0), policies
