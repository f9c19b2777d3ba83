"""The value of a policy."""

from typing import Any

from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of
from xdl.linalg._solve import solve
from xdl.rl._plan import compiled, largest

from .value_iteration import counted, initial_value, settled, stop_at

__all__ = ["chosen", "evaluate_policy", "followed", "solve_policy"]


def evaluate_policy(
    mdp: Any,
    policy: Array,
    *,
    tol: float | None = None,
    max_sweeps: int = 100_000,
    initial: Array | None = None,
) -> Array:
    """Value of each state under a policy.

    Parameters
    ----------
    mdp : MDP or SparseMDP
        The process, or several.
    policy : (..., states) integer array, or (..., actions, states) array
        One action for each state, or the probabilities of all.
    tol : float, optional
        Largest error of a value, by sweeps; None, the default, solves the linear equations, which takes
        time cubic in the states, and for a `SparseMDP` makes its tables dense.
    max_sweeps : int
        Bound on sweeps.
    initial : (..., states) array, optional
        First values of the sweeps.

    Returns
    -------
    (..., states) array

    References
    ----------
    Puterman (1994), section 6.1, theorem 6.1.1
    """
    weights = _weights(mdp, policy)
    if tol is None:
        return solve_policy(mdp, weights)
    start = initial_value(mdp, initial)
    return _sweep(mdp, weights, start, stop_at(mdp, tol, start), counted(max_sweeps, start))


@compiled
def _sweep(mdp: Any, weights: Array, value: Array, stop: Array, max_sweeps: Array) -> Array:
    xp = array_namespace(value)

    def sweep(before: Array) -> tuple[Array, Array]:
        after = xp.sum(weights * mdp.action_value(before), axis=-2)
        return after, largest(after - before)

    return settled(sweep, value, stop, max_sweeps)[0]


def solve_policy(mdp: Any, weights: Array) -> Array:
    """Solution of ``v = r + discount P v`` for the probabilities (..., actions, states) of actions."""
    transition, reward = followed(mdp, weights)
    xp = array_namespace(transition)
    unit = xp.eye(transition.shape[-1], dtype=transition.dtype, device=device_of(transition))
    return solve(unit - mdp.discount * transition, reward)


def followed(mdp: Any, weights: Array) -> tuple[Array, Array]:
    """Transitions (..., states, states) and rewards (..., states) of the chain that a policy makes."""
    table = mdp.dense()
    xp = array_namespace(weights)
    return (
        xp.sum(weights[..., None] * table.transition, axis=-3),
        xp.sum(weights * table.reward, axis=-2),
    )


def _weights(mdp: Any, policy: Array) -> Array:
    xp = array_namespace(policy)
    reward = mdp.reward
    if xp.isdtype(policy.dtype, "integral"):
        if tuple(policy.shape) != tuple(mdp.terminal.shape):
            message = f"`policy` must have shape {tuple(mdp.terminal.shape)}, got {tuple(policy.shape)}"
            raise ValueError(message)
        return chosen(reward, policy)
    if tuple(policy.shape) != tuple(reward.shape):
        message = (
            f"`policy` must be integers of shape {tuple(mdp.terminal.shape)} or probabilities of shape "
            f"{tuple(reward.shape)}, got {policy.dtype} of shape {tuple(policy.shape)}"
        )
        raise ValueError(message)
    return policy


def chosen(like: Array, policy: Array) -> Array:
    """Probabilities (..., actions, states), one for the actions of a policy (..., states) and else zero."""
    xp = array_namespace(like)
    actions = xp.arange(like.shape[-2], dtype=policy.dtype, device=device_of(like))
    return xp.astype(actions[:, None] == policy[..., None, :], like.dtype)
