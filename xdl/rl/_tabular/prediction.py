"""Values of a policy that does not change, learned from its episodes."""

from typing import Any

from xdl.core import Array, Module, array_namespace
from xdl.core._namespace import device_of
from xdl.rl._environments.tabular import TabularEnvironment, check_tabular

from .learning import Shape, TabularMethod, run, table

__all__ = ["TabularPrediction", "predict_tabular"]


class TabularPrediction(Module):
    """What agents have learned of a policy.

    Parameters
    ----------
    value : (agents, states) array
        Values of the states.
    steps : (records,) array of integers
        Steps of each agent at the end of each window.
    returns : (records, agents) array
        Mean return of the episodes that ended in the window; NaN where none did.
    memory : pytree
        Memory of the method.
    """

    value: Array
    steps: Any
    returns: Any
    memory: Any


def predict_tabular(
    method: TabularMethod,
    env: TabularEnvironment,
    policy: Array,
    key: Array,
    *,
    steps: int,
    agents: int = 1,
    records: int = 50,
    progress: bool = False,
) -> TabularPrediction:
    """Let agents learn the values of states under a policy, each for itself.

    A method learns the values of states by its rule for actions, as if each state had one: `SARSA` is TD(0) then,
    `NStepSARSA` n-step TD, `SARSALambda` TD(λ), and `MonteCarlo` is Monte Carlo prediction.

    Parameters
    ----------
    method : TabularMethod
        For example ``SARSALambda()``; its exploration plays no role.
    env : TabularEnvironment
        The environment: see `tabular_environment`.
    policy : (states,) integer array, or (states, actions) array
        Actions, or their probabilities.
    key : array
        Random key, as for `train_tabular`.
    steps : int
        Steps of each agent.
    agents : int
        Number of agents.
    records : int
        In how many windows the returns of episodes are averaged.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    TabularPrediction

    References
    ----------
    Sutton & Barto (2018), sections 5.1, 6.1, 7.1, 12.2 and 12.5
    """
    check_tabular(env)
    shape = Shape(agents, env.states, 1, env.max_steps)
    memory, marks, returns = run(method, env, behavior_of(env, policy), key, shape, steps, records, progress)
    value = table(method, memory, shape, env.keep)[:, :, 0]
    return TabularPrediction(value, marks, returns, memory)


def behavior_of(env: TabularEnvironment, policy: Array) -> Array:
    """Probabilities (states, actions - 1) of each action but the last and those before."""
    xp, n = array_namespace(env.keep), env.actions
    integers = xp.isdtype(policy.dtype, "integral")
    expected = (env.states,) if integers else (env.states, n)
    if tuple(policy.shape) != expected:
        what = "actions" if integers else "probabilities of actions"
        message = f"`policy` must be {what} of shape {expected}, got shape {tuple(policy.shape)}"
        raise ValueError(message)
    if integers:
        before = xp.arange(n - 1, device=device_of(policy)) >= policy[:, None]
        return xp.astype(before, env.keep.dtype)
    return xp.cumulative_sum(xp.astype(policy, env.keep.dtype), axis=-1)[:, :-1]
