"""What policies earn in an environment of gymnasium."""

from collections.abc import Callable
from typing import Any

__all__ = ["returns"]


def returns(
    env: Any, policy: Callable[[Any], Any], *, episodes: int = 100, seed: int = 0, discount: float = 1.0
) -> list[float]:
    """Sums of discounted rewards of episodes.

    Parameters
    ----------
    env : gymnasium.Env
        The environment; its episodes end by themselves or by its limit of steps.
    policy : callable
        ``policy(observation)`` returns an action.
    episodes : int
        Number of episodes.
    seed : int
        Of the first episode; the following continue its random numbers.
    discount : float
        Factor of rewards one step later.

    Returns
    -------
    list of float
    """
    found = []
    for k in range(episodes):
        observation, _ = env.reset(seed=seed if k == 0 else None)
        total, factor, ended = 0.0, 1.0, False
        while not ended:
            observation, reward, terminated, truncated, _ = env.step(policy(observation))
            total, factor = total + factor * float(reward), factor * discount
            ended = terminated or truncated
        found.append(total)
    return found
