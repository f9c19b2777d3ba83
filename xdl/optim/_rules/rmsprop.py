"""Steps scaled by a running average of squared gradients."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace, static
from xdl.optim._rule import Hyper, Rule, real_zeros, square_modulus

__all__ = ["RMSprop"]


class RMSprop(Rule):
    """Steps scaled by the root of a running average of squared gradients.

    Parameters
    ----------
    learning_rate : float or schedule
        Length of a step where gradients agree.
    decay : float
        What the average of squares keeps of itself in a step; 0.99 in PyTorch, 0.9 in Hinton's lecture and optax.
    eps : float
        Added to the root.
    momentum : float or schedule
        What a velocity, the running sum of scaled gradients, keeps of itself in a step; 0 keeps no velocity.
    centered : bool
        Scale by the variance, the average of squares less the square of the average.

    Notes
    -----
    The forms of PyTorch, apart from the default of ``decay``; optax has them with ``eps_in_sqrt=False``, but
    puts the learning rate into the velocity, which is the same while it is constant.

    References
    ----------
    Tieleman & Hinton (2012), *Neural networks for machine learning*, lecture 6.5
    Graves (2013), arXiv:1308.0850, equations 38 to 41, for ``centered``
    """

    learning_rate: Hyper = 1e-2
    decay: Hyper = 0.9
    eps: Hyper = 1e-8
    momentum: Hyper | None = 0.0
    centered: bool = static(default=False)

    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "learning_rate": (0, inf),
        "decay": (0, 1),
        "eps": (0, inf),
        "momentum": (0, 1),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        # None is no leaf: without a velocity there is no such hyperparameter to adjust.
        self.momentum = self.momentum or None

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Averages zero, of the squares and of what the options ask for."""
        extra = self.centered + (self.momentum is not None)
        return (real_zeros(x), *(array_namespace(x).zeros_like(x) for _ in range(extra)))

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Update the averages, then step."""
        xp = self.namespace(grad)
        (s, *rest), rho = state, self.decay
        s = rho * s + (1 - rho) * square_modulus(grad)
        new, variance = [s], s
        if self.centered:
            m = rho * rest[0] + (1 - rho) * grad
            variance = s - square_modulus(m)
            variance = xp.where(variance > 0, variance, 0.0)  # by rounding it may be negative
            new.append(m)
        dx = grad / (xp.sqrt(variance) + self.eps)
        if self.momentum is not None:
            dx = self.momentum * rest[-1] + dx
            new.append(dx)
        return tuple(new), -self.learning_rate * dx
