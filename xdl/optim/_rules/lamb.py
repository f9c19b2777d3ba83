"""Adam with a length for every layer."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array
from xdl.optim._rule import Hyper, Rule, square_modulus

from .adam import LIMITS, adam_direction, init_moments

__all__ = ["LAMB"]


class LAMB(Rule):
    """Steps of `AdamW`, each leaf's in proportion to the norm of its parameters, for large batches.

    Parameters
    ----------
    learning_rate : float or schedule
        Length of a step, relative to the norm of the parameters.
    decay, eps, weight_decay
        As for `AdamW`.

    Notes
    -----
    Where the norm of the parameters or of the direction is zero, the direction is taken as it is, as in optax.

    References
    ----------
    You et al. (2020), arXiv:1904.00962, algorithm 2
    """

    learning_rate: Hyper = 1e-3
    decay: tuple[Hyper, Hyper] = (0.9, 0.999)
    eps: Hyper = 1e-6
    weight_decay: Hyper = 0.0

    elementwise: ClassVar[bool] = False
    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS | {"weight_decay": (0, inf)}

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Moments zero."""
        return init_moments(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Scale the direction of AdamW to the norm of the parameters."""
        xp = self.namespace(grad)
        state, direction = adam_direction(state, grad, t, self.decay, self.eps)
        direction = direction + self.weight_decay * x
        ours, theirs = xp.sum(square_modulus(x)), xp.sum(square_modulus(direction))
        known = (ours > 0) & (theirs > 0)
        # Chosen before the root, whose derivative at zero is infinite.
        ratio = xp.sqrt(xp.where(known, ours, 1.0) / xp.where(known, theirs, 1.0))
        return state, -self.learning_rate * ratio * direction
