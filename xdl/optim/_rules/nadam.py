"""Adam with Nesterov's momentum."""

from typing import Any, ClassVar

from xdl.core import Array
from xdl.optim._rule import Hyper, Rule, square_modulus

from .adam import LIMITS, init_moments

__all__ = ["NAdam"]


class NAdam(Rule):
    """Adam whose first moment is looked ahead by one step.

    Parameters
    ----------
    learning_rate, decay, eps
        As for `Adam`.

    Notes
    -----
    The momentum is constant, as in optax. PyTorch lets it grow, ``b1 * (1 - 0.96**(0.004 * t) / 2)``; its steps are
    the same with a large ``momentum_decay``, which replaces 0.004.

    References
    ----------
    Dozat (2016), *Incorporating Nesterov momentum into Adam*, algorithm 8
    """

    learning_rate: Hyper = 2e-3
    decay: tuple[Hyper, Hyper] = (0.9, 0.999)
    eps: Hyper = 1e-8

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Moments zero."""
        return init_moments(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Update the moments, then step by the first as it will be if the gradient stays."""
        xp = self.namespace(grad)
        (m, v), (b1, b2) = state, self.decay
        m = b1 * m + (1 - b1) * grad
        v = b2 * v + (1 - b2) * square_modulus(grad)
        m_hat = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * grad / (1 - b1**t)
        return (m, v), -self.learning_rate * m_hat / (xp.sqrt(v / (1 - b2**t)) + self.eps)
