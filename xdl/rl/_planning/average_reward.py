"""Planning for the mean reward of a step, without discount and without end."""

from typing import Any

from xdl.autodiff import while_loop
from xdl.core import Array, Module, array_namespace
from xdl.core._namespace import device_of
from xdl.rl._plan import compiled, greedy

__all__ = ["AveragePlan", "relative_value_iteration"]


class AveragePlan(Module):
    """Best mean reward, and who earns it.

    Parameters
    ----------
    gain : (...) array
        Mean reward of a step.
    bias : (..., states) array
        What a start in a state is worth beyond that, by comparison with the first state.
    policy : (..., states) integer array
        Best action in each state.
    sweeps : () integer array
        Sweeps over all states.
    bound : (...) array
        Largest distance of ``gain`` from the optimum.
    converged : (...) boolean array
        Whether the bound is as small as was asked for.
    """

    gain: Array
    bias: Array
    policy: Array
    sweeps: Array
    bound: Array
    converged: Array


def relative_value_iteration(
    mdp: Any, *, tol: float = 1e-6, max_sweeps: int = 100_000, damping: float = 0.5
) -> AveragePlan:
    """Find the policy with the largest mean reward of a step.

    Parameters
    ----------
    mdp : MDP or SparseMDP
        Process in which, under any policy, states that are visited again and again can reach one another;
        its discount is not used.
    tol : float
        Largest error of the gain.
    max_sweeps : int
        Bound on sweeps.
    damping : float
        In (0, 1]: the probability of moving at all in a step. Below 1 a process that goes in circles converges
        too; gains and policies are those of the process itself.

    Returns
    -------
    AveragePlan

    References
    ----------
    White (1963); Puterman (1994), section 8.5.3 and theorem 8.5.5 for the bounds; Schweitzer (1971) for the damping
    """
    if not 0 < damping <= 1:
        message = f"`damping` must be in (0, 1], got {damping!r}"
        raise ValueError(message)
    gain, bias, policy, sweeps, bound = _iterate(mdp, tol=tol, max_sweeps=max_sweeps, damping=damping)
    return AveragePlan(gain, bias, policy, sweeps, bound, bound <= tol)


@compiled
def _iterate(mdp: Any, *, tol: float, max_sweeps: int, damping: float) -> tuple[Array, ...]:
    xp = array_namespace(mdp.reward)

    def values(bias: Array) -> Array:
        return mdp.reward + mdp.expected(bias)

    def going_on(state: Any) -> Array:
        _, low, high, sweeps = state
        return xp.any(high - low > 2 * tol) & (sweeps < max_sweeps)

    def sweep(state: Any) -> Any:
        bias, _, _, sweeps = state
        change = damping * (xp.max(values(bias), axis=-2) - bias)
        new = bias + change
        low, high = xp.min(change, axis=-1) / damping, xp.max(change, axis=-1) / damping
        return new - new[..., :1], low, high, sweeps + 1

    bias = mdp.reward[..., 0, :] * 0
    zero = xp.asarray(0, dtype=xp.int32, device=device_of(bias))
    nothing = bias[..., 0]
    bias, low, high, sweeps = while_loop(going_on, sweep, (bias, nothing - xp.inf, nothing + xp.inf, zero))
    return (low + high) / 2, bias, greedy(values(bias)), sweeps, (high - low) / 2
