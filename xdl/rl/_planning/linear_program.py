"""The linear program of a decision process, by the simplex method."""

from typing import Any

from xdl.autodiff import while_loop
from xdl.core import Array, Module, array_namespace
from xdl.core._namespace import device_of
from xdl.linalg._solve import solve
from xdl.rl._plan import Plan, compiled, greedy, make_plan

from .evaluation import chosen, followed, solve_policy

__all__ = ["LinearPlan", "linear_program"]


class LinearPlan(Module):
    """Solutions of the program and of its dual.

    Parameters
    ----------
    plan : Plan
        The solution of the program: values, policy; ``sweeps`` counts pivots.
    occupancy : (..., actions, states) array
        The solution of the dual: how often, in discounted steps, each action is taken in each state.
    objective : (...) array
        The value both have.
    gap : (...) array
        Their difference, zero but for rounding.
    """

    plan: Plan
    occupancy: Array
    objective: Array
    gap: Array


def linear_program(
    mdp: Any, *, weights: Array | None = None, tol: float = 1e-6, max_pivots: int = 100_000
) -> LinearPlan:
    """Solve a decision process as a linear program.

    The program is to minimize ``sum(weights * v)`` subject to ``v >= reward + discount * P v`` for every action;
    its dual maximizes the reward over the frequencies with which actions are taken.

    Parameters
    ----------
    mdp : MDP or SparseMDP
        The process, or several; below a discount of 1.
    weights : (..., states) array, optional
        Positive weights of the states; default: ones. They are the distribution of the first state, up to scale.
    tol : float
        Distance from the optimum that counts as converged.
    max_pivots : int
        Bound on pivots.

    Returns
    -------
    LinearPlan

    Notes
    -----
    The bases of the dual are the policies. A pivot changes the action of one state, that of the largest reduced
    cost (Dantzig's rule), which takes a number of pivots polynomial in states and actions (Ye 2011).

    References
    ----------
    d'Epenoux (1963); Puterman (1994), section 6.9; Ye (2011), Mathematics of Operations Research 36
    """
    table = mdp.dense()
    if table.discount == 1:
        message = "linear_program needs a discount below 1"
        raise ValueError(message)
    xp = array_namespace(table.reward)
    start = table.reward[..., 0, :] * 0 + 1 if weights is None else weights
    value, policy, pivots = _pivot(table, max_pivots=max_pivots)
    plan = make_plan(table, value, pivots, tol)
    taken = chosen(table.reward, policy)
    chain, _ = followed(table, taken)
    unit = xp.eye(table.states, dtype=value.dtype, device=device_of(value))
    flow = solve(xp.matrix_transpose(unit - table.discount * chain), start)
    occupancy = taken * flow[..., None, :]
    objective = xp.sum(start * value, axis=-1)
    earned = xp.sum(occupancy * table.reward, axis=(-2, -1))
    return LinearPlan(plan, occupancy, objective, objective - earned)


@compiled
def _pivot(mdp: Any, *, max_pivots: int) -> tuple[Array, Array, Array]:
    xp = array_namespace(mdp.reward)
    device = device_of(mdp.reward)
    places = xp.arange(mdp.states, device=device)

    def going_on(state: Any) -> Array:
        _, _, improvable, pivots = state
        return xp.any(improvable) & (pivots < max_pivots)

    def pivot(state: Any) -> Any:
        policy, _, _, pivots = state
        value = solve_policy(mdp, chosen(mdp.reward, policy))
        q = mdp.action_value(value)
        gain = xp.max(q, axis=-2) - value
        place = xp.argmax(gain, axis=-1, keepdims=True)
        worth = xp.take_along_axis(gain, place, axis=-1)
        scale = xp.max(xp.max(xp.abs(q), axis=-1), axis=-1)[..., None]
        improvable = worth > 16 * xp.finfo(q.dtype).eps * scale
        entering = (places == place) & improvable
        new = xp.where(entering, xp.astype(greedy(q), policy.dtype), policy)
        return new, value, improvable, pivots + 1

    first = xp.astype(greedy(mdp.reward), xp.int32)
    value = mdp.reward[..., 0, :] * 0
    state = (first, value, value[..., :1] == 0, xp.asarray(0, dtype=xp.int32, device=device))
    policy, value, _, pivots = while_loop(going_on, pivot, state)
    return value, policy, pivots
