"""Value iteration: Bellman's operator until nothing changes."""

from collections.abc import Callable
from typing import Any

from xdl.autodiff import while_loop
from xdl.core import Array, array_namespace, to_numpy
from xdl.core._namespace import device_of
from xdl.rl._plan import Plan, compiled, largest, make_plan

__all__ = ["attainable", "counted", "initial_value", "settled", "stop_at", "value_iteration"]


def value_iteration(
    mdp: Any,
    *,
    tol: float = 1e-6,
    max_sweeps: int = 100_000,
    initial: Array | None = None,
    record: bool = False,
) -> Plan:
    """Solve a decision process by sweeps over all states at once.

    Parameters
    ----------
    mdp : MDP or SparseMDP
        The process, or several.
    tol : float
        Largest distance of a value from the optimum; without discount, largest change in a sweep.
    max_sweeps : int
        Bound on sweeps.
    initial : (..., states) array, optional
        First values; default: zeros.
    record : bool
        Whether to keep the residual of every sweep.

    Returns
    -------
    Plan

    References
    ----------
    Bellman (1957); Puterman (1994), section 6.3
    """
    start = initial_value(mdp, initial)
    stop = stop_at(mdp, tol, start)
    if record:
        return _recorded(mdp, start, tol, stop, max_sweeps)
    value, sweeps = _iterate(mdp, start, stop, counted(max_sweeps, start))
    return make_plan(mdp, value, sweeps + 1, tol)


@compiled
def _iterate(mdp: Any, value: Array, stop: Array, max_sweeps: Array) -> tuple[Array, Array]:
    xp = array_namespace(value)

    def sweep(before: Array) -> tuple[Array, Array]:
        after = xp.max(mdp.action_value(before), axis=-2)
        return after, largest(after - before)

    return settled(sweep, value, stop, max_sweeps - 1)


def settled(
    sweep: Callable[[Array], tuple[Array, Array]], value: Array, stop: Array, most: Array
) -> tuple[Array, Array]:
    """Values after sweeps until the residual is small, and the number of sweeps.

    Parameters
    ----------
    sweep : callable
        Maps values to those after a sweep and the residual.
    value : (..., states) array
        First values.
    stop : () array
        Residual to stop at.
    most : () integer array
        Bound on sweeps.
    """
    xp = array_namespace(value)

    def going_on(state: Any) -> Array:
        value, residual, sweeps = state
        return xp.any(residual > attainable(value, stop)) & (sweeps < most)

    def step(state: Any) -> Any:
        return *sweep(state[0]), state[2] + 1

    start = (value, largest(value) * 0 + xp.inf, counted(0, value))
    value, _, sweeps = while_loop(going_on, step, start)
    return value, sweeps


def _recorded(mdp: Any, value: Array, tol: float, stop: Array, max_sweeps: int) -> Plan:
    xp = array_namespace(value)
    history: list[float] = []
    while len(history) + 1 < max_sweeps:
        after = xp.max(mdp.action_value(value), axis=-2)
        residual = largest(after - value)
        history.append(to_numpy(residual).max().item())
        value = after
        if not bool(xp.any(residual > attainable(value, stop))):
            break
    sweeps = xp.asarray(len(history) + 1, dtype=xp.int32, device=device_of(value))
    plan = make_plan(mdp, value, sweeps, tol)
    return plan.replace(history=(*history, to_numpy(plan.residual).max().item()))


def initial_value(mdp: Any, initial: Array | None) -> Array:
    """First values that were given, or zeros; zero in terminal states."""
    reward = mdp.reward
    xp = array_namespace(reward)
    value = reward[..., 0, :] * 0 if initial is None else initial
    if tuple(value.shape) != tuple(mdp.terminal.shape):
        message = f"`initial` must have shape {tuple(mdp.terminal.shape)}, got {tuple(value.shape)}"
        raise ValueError(message)
    return xp.where(mdp.terminal, xp.zeros_like(value), value)


def counted(n: int, like: Array) -> Array:
    """Bound on a count, as an array, so that programs are not compiled for each."""
    xp = array_namespace(like)
    return xp.asarray(n, dtype=xp.int32, device=device_of(like))


def attainable(value: Array, stop: Array) -> Array:
    """Residual to stop at, but none that rounding hides."""
    xp = array_namespace(value)
    return xp.maximum(2 * xp.finfo(value.dtype).eps * largest(value), stop)


def stop_at(mdp: Any, tol: float, like: Array) -> Array:
    """Residual of a sweep after which values are as near the optimum as was asked for."""
    if not tol > 0:
        message = f"`tol` must be positive, got {tol!r}"
        raise ValueError(message)
    xp, gamma = array_namespace(like), mdp.discount
    residual = tol if gamma in (0, 1) else tol * (1 - gamma) / gamma
    return xp.asarray(residual, dtype=like.dtype, device=device_of(like))
