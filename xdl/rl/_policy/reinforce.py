"""The first of the policy gradients: whole returns."""

from typing import Any

from xdl.core import static

from .on_policy import OnPolicy

__all__ = ["REINFORCE"]


class REINFORCE(OnPolicy):
    """Steps along the logarithm of the probability of each action, times the return from it less a baseline.

    The baseline is the value of what was seen, learned beside the policy; it changes the variance of the gradient, and
    not its mean.

    Parameters
    ----------
    copies, rollout : int
        Copies of the environment, and steps of each between two steps of the optimizer. An episode that the end of
        the rollout, or a truncation, cuts in two goes on in the baseline's value: rollouts are to be long.
    rate, discount, entropy_weight, value_weight, max_norm, anneal, hidden, shared, network
        As for `A2C`; the optimizer is Adam.

    Notes
    -----
    The gradient of the discounted return would weigh steps by the discount to the power of their number in the
    episode (Sutton & Barto 2018, section 13.3); as is usual, it does not. Williams adds the terms of an episode up,
    here their mean over all steps is taken.

    References
    ----------
    Williams (1992), Machine Learning 8, equation 11 (episodes), and section 6 (baselines)
    """

    copies: int = static(default=4)  # pyright: ignore[reportIncompatibleVariableOverride]
    rollout: int = static(default=128)  # pyright: ignore[reportIncompatibleVariableOverride]
    rate: Any = static(default=5e-3)
    entropy_weight: float = static(default=0.0)
