"""A customer's engagement, which promotion raises, for a price."""

from xdl.core import Array, asarray
from xdl.rl._mdp import MDP

from .tables import floats

__all__ = ["engagement_chain"]


def engagement_chain(
    cost: float = 0.5, *, levels: int = 10, discount: float = 0.75, like: Array | None = None
) -> MDP:
    """Chain of levels that move up or down by one, up more often while money is spent.

    Parameters
    ----------
    cost : float
        Price of promotion for a step.
    levels : int
        Number of levels; a step in level s pays s, from 1.
    discount : float
        Factor of rewards one step later.
    like : array, optional
        Array whose library, dtype and device the process takes; default: the current backend, float64 where it
        exists.

    Returns
    -------
    MDP
        Action 0 goes up with probability 1/2, action 1, promotion, with 3/4; steps beyond either end stay.

    References
    ----------
    Nazarathy & Klok (2021), Statistics with Julia, section 10.4; the example of Liquet, Moka & Nazarathy (2024),
    section 8.4, is of the same form
    """
    up, n = (0.5, 0.75), levels
    table = [
        [[p * (t == min(s + 1, n - 1)) + (1 - p) * (t == max(s - 1, 0)) for t in range(n)] for s in range(n)]
        for p in up
    ]
    paid = [[s + 1.0 - spent for s in range(n)] for spent in (0.0, cost)]
    transition = floats(table, like)
    return MDP(transition, asarray(paid, like=transition, dtype=transition.dtype), discount)
