"""Adam that steps by what it expects next."""

from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule

from .adam import LIMITS, adam_direction, init_moments

__all__ = ["OAdam"]


class OAdam(Rule):
    """Optimistic Adam, for games of two players, where plain descent circles about the solution.

    It steps twice by the new direction and takes back the last one.

    Parameters
    ----------
    learning_rate, eps
        As for `Adam`.
    decay : (float, float)
        As for `Adam`; momentum does harm in games, so there is less of it.

    Notes
    -----
    In the first step there is nothing to take back, and it is Adam's. With the same ``decay`` the steps are those of
    ``optax.optimistic_adam_v2``.

    References
    ----------
    Daskalakis, Ilyas, Syrgkanis & Zeng (2018), arXiv:1711.00141, algorithm 1
    """

    learning_rate: Hyper = 1e-3
    decay: tuple[Hyper, Hyper] = (0.5, 0.9)
    eps: Hyper = 1e-8

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Moments zero, and the last direction."""
        return *init_moments(x), array_namespace(x).zeros_like(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step by the direction of Adam, and its change."""
        *moments, last = state
        moments, direction = adam_direction(moments, grad, t, self.decay, self.eps)
        last = self.namespace(x, grad).where(t > 1, last, direction)
        return (*moments, direction), -self.learning_rate * (2 * direction - last)
