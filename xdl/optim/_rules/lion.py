"""Steps by the sign of a momentum."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule, sign

__all__ = ["Lion"]


class Lion(Rule):
    """Steps of one length for all parameters, by the sign of an average of gradients.

    Parameters
    ----------
    learning_rate : float or schedule
        Length of the step of every parameter; three to ten times smaller than for `AdamW`.
    decay : (float, float)
        Weight of the average in the step, and what the average keeps of itself in a step.
    weight_decay : float or schedule
        Strength of the decoupled decay, three to ten times larger than for `AdamW`.

    Notes
    -----
    Entries of a complex array keep the direction of their average, and step by a modulus of one.

    References
    ----------
    Chen et al. (2023), arXiv:2302.06675, algorithm 2
    """

    learning_rate: Hyper = 1e-4
    decay: tuple[Hyper, Hyper] = (0.9, 0.99)
    weight_decay: Hyper = 0.0

    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "learning_rate": (0, inf),
        "decay": (0, 1),
        "weight_decay": (0, inf),
    }

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Average zero."""
        return (array_namespace(x).zeros_like(x),)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step by the sign, then let the gradient into the average."""
        (m,), (b1, b2) = state, self.decay
        direction = sign(b1 * m + (1 - b1) * grad)
        m = b2 * m + (1 - b2) * grad
        return (m,), -self.learning_rate * (direction + self.weight_decay * x)
