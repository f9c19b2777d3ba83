"""Adam with a second moment that never falls."""

from typing import Any, ClassVar

from xdl.core import Array
from xdl.optim._rule import Hyper, Rule, real_zeros, square_modulus

from .adam import LIMITS, init_moments

__all__ = ["AMSGrad"]


class AMSGrad(Rule):
    """Adam scaled by the largest second moment so far, so that the rate of no parameter rises.

    Parameters
    ----------
    learning_rate, decay, eps
        As for `Adam`.

    Notes
    -----
    The paper corrects no bias. Here, as in PyTorch, the largest of the biased second moments is divided by
    ``1 - b2**t``; optax takes the largest of the unbiased ones instead, which an early large gradient keeps large.

    References
    ----------
    Reddi, Kale & Kumar (2018), arXiv:1904.09237, algorithm 2
    """

    learning_rate: Hyper = 1e-3
    decay: tuple[Hyper, Hyper] = (0.9, 0.999)
    eps: Hyper = 1e-8

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Moments zero, and the largest second moment."""
        return *init_moments(x), real_zeros(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Update the moments and the maximum, then step."""
        xp = self.namespace(grad)
        (m, v, u), (b1, b2) = state, self.decay
        m = b1 * m + (1 - b1) * grad
        v = b2 * v + (1 - b2) * square_modulus(grad)
        u = xp.maximum(u, v)
        m_hat, u_hat = m / (1 - b1**t), u / (1 - b2**t)
        return (m, v, u), -self.learning_rate * m_hat / (xp.sqrt(u_hat) + self.eps)
