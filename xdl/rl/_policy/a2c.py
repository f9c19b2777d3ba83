"""Actor and critic: advantages of a few steps, a gradient, and on."""

from typing import Any

from xdl import optim
from xdl.core import static

from .on_policy import OnPolicy

__all__ = ["A2C"]


class A2C(OnPolicy):
    """Advantage actor-critic: after a few steps of all copies, one step along the gradient of the return.

    Parameters
    ----------
    copies, rollout : int
        Copies of the environment, and steps of each between two steps of the optimizer.
    rate : float or schedule
        Learning rate of RMSprop; a schedule counts steps of the optimizer.
    discount : float
        What a reward one step later is worth.
    decay : float
        The λ of `gae`. With 1, advantages are those of the paper: rewards to the end of the rollout, and the value of
        what is seen then, less the value.
    entropy_weight, value_weight : float
        Factors of the entropy, which is to be large, and of half the mean square error of the values.
    max_norm : float
        Bound on the norm of the gradient.
    anneal : int or None
        Steps of all copies together over which the rate falls to zero, linearly; None for a constant rate.
    hidden : tuple of int
        Hidden layers of the network.
    shared : bool
        Whether they serve both the actor and the critic.
    network : callable or None
        Makes another network of a random key and the `Spaces`: a module with the methods of `ActorCritic`.

    Notes
    -----
    The paper's copies each take a step of their own, without waiting for the others; here all take one together,
    which is known as A2C.

    References
    ----------
    Mnih et al. (2016), arXiv:1602.01783, algorithm S3
    """

    copies: int = static(default=16)  # pyright: ignore[reportIncompatibleVariableOverride]
    rollout: int = static(default=5)  # pyright: ignore[reportIncompatibleVariableOverride]
    rate: Any = static(default=7e-4)
    decay: float = static(default=1.0)  # pyright: ignore[reportIncompatibleVariableOverride]

    @property
    def rule(self) -> optim.Rule:
        """RMSprop behind a bound on the norm of the gradient."""
        return optim.chain(optim.clip_by_norm(self.max_norm), optim.RMSprop(self.rate, decay=0.99, eps=1e-5))
