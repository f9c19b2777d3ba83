"""Decision processes at random, for tests and benchmarks."""

from typing import Any

from xdl.core import Array, array_namespace, random
from xdl.rl._mdp import MDP

__all__ = ["random_mdp"]


def random_mdp(
    key: Array,
    states: int,
    actions: int,
    *,
    discount: float = 0.9,
    branching: int | None = None,
    batch: tuple[int, ...] = (),
    dtype: Any = None,
) -> MDP:
    """Process whose transitions are drawn at random, known as Garnet.

    Parameters
    ----------
    key : array
        Random key, whose backend the process is made on.
    states, actions : int
        Their numbers.
    discount : float
        Factor of rewards one step later.
    branching : int, optional
        Largest number of next states of an action; default: all.
    batch : tuple of int
        Leading axes: several processes.
    dtype : dtype, optional
        Real floating dtype; default: float32.

    Returns
    -------
    MDP
        Probabilities are exponential draws, scaled, which are uniform over all distributions; rewards are
        standard normal.

    References
    ----------
    Archibald, McKinnon & Thomas (1995), Journal of the Operational Research Society 46
    """
    keys = random.split(key, 3)
    shape = (*batch, actions, states, states)
    weights = random.exponential(keys[0, ...], shape, dtype=dtype)
    xp = array_namespace(weights)
    if branching is not None and branching < states:
        order = xp.argsort(xp.argsort(random.uniform(keys[2, ...], shape), axis=-1), axis=-1)
        weights = xp.where(order < branching, weights, xp.zeros_like(weights))
    transition = weights / xp.sum(weights, axis=-1, keepdims=True)
    return MDP(transition, random.normal(keys[1, ...], (*batch, actions, states), dtype=dtype), discount)
