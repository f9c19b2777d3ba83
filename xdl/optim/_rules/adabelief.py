"""Adam scaled by how far gradients are from what was expected."""

from typing import Any, ClassVar

from xdl.core import Array
from xdl.optim._rule import Hyper, Rule, square_modulus

from .adam import LIMITS, init_moments

__all__ = ["AdaBelief"]


class AdaBelief(Rule):
    """Adam scaled by the spread of gradients about their average instead of by their size.

    Parameters
    ----------
    learning_rate, decay
        As for `Adam`.
    eps : float
        Added to the average of squares in every step, and to its root.

    References
    ----------
    Zhuang et al. (2020), arXiv:2010.07468, algorithm 2
    """

    learning_rate: Hyper = 1e-3
    decay: tuple[Hyper, Hyper] = (0.9, 0.999)
    eps: Hyper = 1e-16

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Moments zero."""
        return init_moments(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Update the average and the spread, then step by the ratio of their unbiased estimates."""
        xp = self.namespace(grad)
        (m, s), (b1, b2) = state, self.decay
        m = b1 * m + (1 - b1) * grad
        s = b2 * s + (1 - b2) * square_modulus(grad - m) + self.eps
        m_hat, s_hat = m / (1 - b1**t), s / (1 - b2**t)
        return (m, s), -self.learning_rate * m_hat / (xp.sqrt(s_hat) + self.eps)
