"""Policy iteration, with values that are exact or made by some sweeps."""

from typing import Any

from xdl.autodiff import while_loop
from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of
from xdl.rl._plan import Plan, compiled, greedy, largest, make_plan

from .evaluation import chosen, solve_policy
from .value_iteration import attainable, counted, initial_value, settled, stop_at

__all__ = ["improve", "modified_policy_iteration", "policy_iteration"]


def policy_iteration(mdp: Any, *, tol: float = 1e-6, max_sweeps: int = 1000) -> Plan:
    """Solve a decision process by policies that are evaluated exactly, and improved.

    Parameters
    ----------
    mdp : MDP or SparseMDP
        The process, or several; below a discount of 1.
    tol : float
        Distance from the optimum that counts as converged. Howard's iteration ends by itself.
    max_sweeps : int
        Bound on improvements.

    Returns
    -------
    Plan
        ``sweeps`` counts improvements.

    References
    ----------
    Howard (1960); Puterman (1994), section 6.4
    """
    table = mdp.dense()
    if table.discount == 1:
        message = (
            "policy_iteration needs a discount below 1: without one a first policy may never end, and has no "
            "value; use value_iteration"
        )
        raise ValueError(message)
    value, sweeps = _iterate(table, max_sweeps=max_sweeps)
    return make_plan(table, value, sweeps, tol)


@compiled
def _iterate(mdp: Any, *, max_sweeps: int) -> tuple[Array, Array]:
    xp = array_namespace(mdp.reward)

    def going_on(state: Any) -> Array:
        _, _, changed, sweeps = state
        return changed & (sweeps < max_sweeps)

    def improved(state: Any) -> Any:
        policy, _, _, sweeps = state
        value = solve_policy(mdp, chosen(mdp.reward, policy))
        new = improve(mdp.action_value(value), policy)
        return new, value, xp.any(new != policy), sweeps + 1

    device = device_of(mdp.reward)
    first = xp.astype(greedy(mdp.reward), xp.int32)
    state = (
        first,
        mdp.reward[..., 0, :] * 0,
        xp.asarray(True, device=device),
        xp.asarray(0, dtype=xp.int32, device=device),
    )
    _, value, _, sweeps = while_loop(going_on, improved, state)
    return value, sweeps


def improve(q: Array, policy: Array) -> Array:
    """Best actions, but the old one where no other is better by more than rounding, or iteration may not end."""
    xp = array_namespace(q)
    best, old = xp.max(q, axis=-2), xp.sum(chosen(q, policy) * q, axis=-2)
    better = best - old > 16 * xp.finfo(q.dtype).eps * xp.max(xp.abs(q), axis=-2)
    return xp.where(better, xp.astype(greedy(q), policy.dtype), policy)


def modified_policy_iteration(
    mdp: Any,
    *,
    evaluations: int = 10,
    tol: float = 1e-6,
    max_sweeps: int = 100_000,
    initial: Array | None = None,
) -> Plan:
    """Solve a decision process by improvements with some sweeps of evaluation between them.

    Parameters
    ----------
    mdp : MDP or SparseMDP
        The process, or several.
    evaluations : int
        Sweeps under a policy before the next is chosen; none is value iteration, infinitely many policy
        iteration. A sweep under one policy takes the time of one action.
    tol, max_sweeps, initial
        As for `value_iteration`.

    Returns
    -------
    Plan
        ``sweeps`` counts improvements.

    References
    ----------
    Puterman & Shin (1978); Puterman (1994), section 6.5
    """
    if evaluations < 0:
        message = f"`evaluations` must not be negative, got {evaluations}"
        raise ValueError(message)
    start = initial_value(mdp, initial)
    value, sweeps = _modified(
        mdp, start, stop_at(mdp, tol, start), counted(max_sweeps, start), evaluations=evaluations
    )
    return make_plan(mdp, value, sweeps + 1, tol)


@compiled
def _modified(
    mdp: Any, value: Array, stop: Array, max_sweeps: Array, *, evaluations: int
) -> tuple[Array, Array]:
    xp = array_namespace(value)

    def improved(before: Array) -> tuple[Array, Array]:
        q = mdp.action_value(before)
        after, weights = xp.max(q, axis=-2), chosen(q, xp.astype(greedy(q), xp.int32))
        residual = largest(after - before)
        for _ in range(evaluations):
            after = xp.sum(weights * mdp.action_value(after), axis=-2)
        # what is near enough to the optimum is the value that had the residual
        done = (residual <= attainable(after, stop))[..., None]
        return xp.where(done, xp.max(q, axis=-2), after), residual

    return settled(improved, value, stop, max_sweeps - 1)
