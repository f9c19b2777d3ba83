"""Steps in the units of the parameters."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array
from xdl.optim._rule import Hyper, Rule, real_zeros, square_modulus

__all__ = ["AdaDelta"]


class AdaDelta(Rule):
    """Steps whose length comes from an average of the steps before, so that it needs no rate.

    Parameters
    ----------
    learning_rate : float or schedule
        Factor of the step, 1 in the paper.
    decay : float
        What the averages of squared gradients and of squared steps keep of themselves in a step.
    eps : float
        Added to both under the root; sets the length of the first steps.

    References
    ----------
    Zeiler (2012), arXiv:1212.5701, algorithm 1
    """

    learning_rate: Hyper = 1.0
    decay: Hyper = 0.9
    eps: Hyper = 1e-6

    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "learning_rate": (0, inf),
        "decay": (0, 1),
        "eps": (0, inf),
    }

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Averages zero."""
        return real_zeros(x), real_zeros(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Scale the gradient by the ratio of the averages."""
        xp = self.namespace(grad)
        (s, u), rho, eps = state, self.decay, self.eps
        s = rho * s + (1 - rho) * square_modulus(grad)
        dx = grad * xp.sqrt((u + eps) / (s + eps))
        u = rho * u + (1 - rho) * square_modulus(dx)
        return (s, u), -self.learning_rate * dx
