"""Adam that waits until its second moment is known."""

from typing import Any, ClassVar

from xdl.core import Array
from xdl.optim._rule import Hyper, Rule, square_modulus

from .adam import LIMITS, init_moments

__all__ = ["RAdam"]


class RAdam(Rule):
    """Adam with the variance of its scale rectified: a warm-up that needs no schedule.

    Until the second moment averages over more than five gradients, which takes five steps with the default
    decay, steps are those of momentum, without a scale.

    Parameters
    ----------
    learning_rate, decay, eps
        As for `Adam`.

    Notes
    -----
    The paper has no ``eps``. Here, as in `Adam` and optax, it is added to the root of the unbiased second moment;
    PyTorch adds it to that of the biased one, which gives it less weight in the first steps.

    References
    ----------
    Liu et al. (2020), arXiv:1908.03265, algorithm 2
    """

    learning_rate: Hyper = 1e-3
    decay: tuple[Hyper, Hyper] = (0.9, 0.999)
    eps: Hyper = 1e-8

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Moments zero."""
        return init_moments(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Update the moments, then step with or without the scale."""
        xp = self.namespace(grad)
        (m, v), (b1, b2) = state, self.decay
        m = b1 * m + (1 - b1) * grad
        v = b2 * v + (1 - b2) * square_modulus(grad)
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)

        longest = 2 / (1 - b2) - 1
        length = longest - 2 * t * b2**t / (1 - b2**t)
        known = length > 5
        length = xp.where(known, length, longest)
        ratio = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        # A short memory is never long enough, and its ratio may be negative or no number.
        rectified = xp.sqrt(xp.where(known, ratio, 1.0)) / (xp.sqrt(v_hat) + self.eps)
        return (m, v), -self.learning_rate * m_hat * xp.where(known, rectified, 1.0)
