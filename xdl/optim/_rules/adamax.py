"""Adam with the largest gradient in the place of the root mean square."""

from typing import Any, ClassVar

from xdl.core import Array
from xdl.optim._rule import Hyper, Rule

from .adam import LIMITS, init_moments

__all__ = ["AdaMax"]


class AdaMax(Rule):
    """Steps scaled by the largest gradient of late.

    Parameters
    ----------
    learning_rate : float or schedule
        Bound on the change of a parameter in a step.
    decay : (float, float)
        What the average of gradients, and their maximum, keep of themselves in a step.
    eps : float
        Added to the modulus of every gradient, which the paper does not do; as in PyTorch and optax.

    References
    ----------
    Kingma & Ba (2015), arXiv:1412.6980, algorithm 2
    """

    learning_rate: Hyper = 2e-3
    decay: tuple[Hyper, Hyper] = (0.9, 0.999)
    eps: Hyper = 1e-8

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Average and maximum zero."""
        return init_moments(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Update both, then step by the unbiased average over the maximum."""
        xp = self.namespace(grad)
        (m, u), (b1, b2) = state, self.decay
        m = b1 * m + (1 - b1) * grad
        u = xp.maximum(b2 * u, xp.abs(grad) + self.eps)
        return (m, u), -self.learning_rate / (1 - b1**t) * m / xp.where(u > 0, u, 1.0)
