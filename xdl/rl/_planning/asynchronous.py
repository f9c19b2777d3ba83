"""Value iteration that changes one state at a time, in a fixed order or where it is most wrong."""

from typing import Any

from xdl.autodiff import scan, while_loop
from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of
from xdl.rl._plan import Plan, compiled, largest, make_plan

from .value_iteration import attainable, counted, initial_value, settled, stop_at

__all__ = ["gauss_seidel_value_iteration", "prioritized_value_iteration"]


def gauss_seidel_value_iteration(
    mdp: Any, *, tol: float = 1e-6, max_sweeps: int = 100_000, initial: Array | None = None
) -> Plan:
    """Solve a decision process by sweeps in which each state sees the new values of those before it.

    Parameters
    ----------
    mdp, tol, max_sweeps, initial
        As for `value_iteration`; the process must have a table of transitions.

    Returns
    -------
    Plan

    References
    ----------
    Puterman (1994), section 6.3.3
    """
    start = initial_value(mdp, initial)
    value, sweeps = _in_order(mdp.dense(), start, stop_at(mdp, tol, start), counted(max_sweeps, start))
    return make_plan(mdp, value, sweeps + 1, tol)


@compiled
def _in_order(mdp: Any, value: Array, stop: Array, max_sweeps: Array) -> tuple[Array, Array]:
    xp = array_namespace(value)
    places = xp.arange(mdp.states, device=device_of(value))
    # one state's transitions and rewards at a time: (states, ..., actions, states) and (states, ..., actions)
    rows, rewards = xp.moveaxis(mdp.transition, -2, 0), xp.moveaxis(mdp.reward, -1, 0)

    def visit(value: Array, state: Any) -> Any:
        place, transition, reward = state
        q = reward + mdp.discount * xp.matmul(transition, value[..., None])[..., 0]
        new = xp.max(q, axis=-1)
        return xp.where(places == place, new[..., None], value), None

    def sweep(before: Array) -> tuple[Array, Array]:
        after = scan(visit, before, (places, rows, rewards))[0]
        return after, largest(after - before)

    return settled(sweep, value, stop, max_sweeps - 1)


def prioritized_value_iteration(
    mdp: Any, *, tol: float = 1e-6, max_sweeps: int = 100_000, initial: Array | None = None
) -> Plan:
    """Solve a decision process by changing, again and again, the state whose value is most wrong.

    Parameters
    ----------
    mdp, tol, initial
        As for `gauss_seidel_value_iteration`.
    max_sweeps : int
        Bound on changes, in units of the number of states.

    Returns
    -------
    Plan
        ``sweeps`` counts changes of a single state.

    Notes
    -----
    A change moves the values of all actions by a column of the table, so no heap of predecessors is kept: a
    change takes ``actions * states`` operations, a sweep ``actions * states**2``.

    References
    ----------
    Moore & Atkeson (1993); Wingate & Seppi (2005) for the residual as the priority
    """
    start = initial_value(mdp, initial)
    table = mdp.dense()
    value, changes = _most_wrong(
        table, start, stop_at(mdp, tol, start), max_changes=max_sweeps * table.states
    )
    return make_plan(mdp, value, changes, tol)


@compiled
def _most_wrong(mdp: Any, value: Array, stop: Array, *, max_changes: int) -> tuple[Array, Array]:
    xp = array_namespace(value)
    places = xp.arange(mdp.states, device=device_of(value))
    shape = (*mdp.transition.shape[:-1], 1)

    def going_on(state: Any) -> Array:
        value, _, residual, changes = state
        return xp.any(residual > attainable(value, stop)) & (changes < max_changes)

    def change(state: Any) -> Any:
        value, q, _, changes = state
        wrong = xp.max(q, axis=-2) - value
        place = xp.argmax(xp.abs(wrong), axis=-1, keepdims=True)
        by = xp.take_along_axis(wrong, place, axis=-1)
        value = xp.where(places == place, value + by, value)
        index = xp.broadcast_to(place[..., None, None], shape)
        column = xp.take_along_axis(mdp.transition, index, axis=-1)[..., 0]
        q = q + mdp.discount * by[..., None] * column
        return value, q, largest(xp.max(q, axis=-2) - value), changes + 1

    q = mdp.action_value(value)
    zero = xp.asarray(0, dtype=xp.int32, device=device_of(value))
    state = (value, q, largest(xp.max(q, axis=-2) - value), zero)
    value, _, _, changes = while_loop(going_on, change, state)
    return value, changes
