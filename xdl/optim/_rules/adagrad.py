"""Steps scaled by all gradients so far."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array
from xdl.optim._rule import Hyper, Rule, real_zeros, square_modulus

__all__ = ["AdaGrad"]


class AdaGrad(Rule):
    """Steps scaled by the root of the sum of all squared gradients.

    Parameters
    ----------
    learning_rate : float or schedule
        Length of the first step, whatever the gradient.
    eps : float
        Added to the root.
    initial : float
        Sum before the first step.

    Notes
    -----
    The form of PyTorch. optax adds ``eps`` under the root and starts from a sum of 0.1; with ``eps=0`` and
    ``initial=0.1`` its steps are the same.

    References
    ----------
    Duchi, Hazan & Singer (2011), *Adaptive subgradient methods for online learning and stochastic
    optimization*, figure 1, with diagonal matrices
    """

    learning_rate: Hyper = 1e-2
    eps: Hyper = 1e-10
    initial: Hyper = 0.0

    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "learning_rate": (0, inf),
        "eps": (0, inf),
        "initial": (0, inf),
    }

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Nothing seen."""
        return (real_zeros(x),)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Add the square, and step."""
        xp = self.namespace(grad)
        (s,) = state
        s = s + square_modulus(grad)
        scale = xp.sqrt(s + self.initial) + self.eps
        # 0 / 0 where no gradient has come yet and both numbers are zero
        return (s,), -self.learning_rate * grad / xp.where(scale > 0, scale, 1.0)
