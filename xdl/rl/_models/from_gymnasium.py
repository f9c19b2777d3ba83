"""Decision processes from the tables of gymnasium's toy environments."""

from typing import Any

from xdl.core import Array, asarray
from xdl.rl._mdp import SparseMDP

from .tables import floats, table_of

__all__ = ["mdp_from_gymnasium"]


def mdp_from_gymnasium(env: Any, *, discount: float = 0.99, like: Array | None = None) -> SparseMDP:
    """Make a decision process of an environment that publishes its table.

    Parameters
    ----------
    env : gymnasium.Env
        With ``env.unwrapped.P[state][action]``, a list of ``(probability, next state, reward, terminated)``, as
        FrozenLake, Taxi and CliffWalking have it.
    discount : float
        Factor of rewards one step later.
    like : array, optional
        Array whose library, dtype and device the process takes; default: the current backend.

    Returns
    -------
    SparseMDP
        One state more than the environment has: the last, which is terminal, is where transitions lead that
        end an episode. Their reward is kept, and what a state is after its end plays no role.

    Raises
    ------
    TypeError
        If the environment has no table.
    """
    table = table_of(env)
    n, actions = len(table), len(table[0])
    rows = [
        (s, a, n if ended else t, float(p), float(r))
        for s in range(n)
        for a in range(actions)
        for p, t, r, ended in table[s][a]
        if p > 0
    ]
    columns = list(zip(*rows, strict=True))
    options = {} if like is None else {"like": like}
    integers = [asarray([int(v) for v in column], **options) for column in columns[:3]]
    numbers = [floats(list(column), like) for column in columns[3:]]
    terminal = asarray([s == n for s in range(n + 1)], **options)
    source, action, target = integers
    probability, reward = numbers
    return SparseMDP(
        source,
        action,
        target,
        probability,
        reward,
        discount,
        states=n + 1,
        actions=actions,
        terminal=terminal,
    )
