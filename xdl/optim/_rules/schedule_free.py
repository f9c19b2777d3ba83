"""Learning without a schedule: steps of one sequence, an average of it, and gradients between the two."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule, as_array, real_zeros, square_modulus

__all__ = ["ScheduleFreeAdamW", "ScheduleFreeSGD"]

LIMITS: dict[str, tuple[float, float]] = {
    "learning_rate": (0, inf),
    "interpolation": (0, 1),
    "weight_decay": (0, inf),
    "weight_power": (0, inf),
}


class ScheduleFree(Rule):
    """What both variants share: the three sequences.

    Gradients are taken at ``y = (1 - interpolation) * z + interpolation * x``. A step moves ``z``, and ``x`` is the
    average of all ``z``. The parameters are ``y``; `evaluation_params` gives ``x``.
    """

    def check(self, name: str, value: Any) -> None:
        """Refuse the interpolation 0 too: the average could not be told from the parameters."""
        super().check(name, value)
        if name == "interpolation" and not callable(value) and value == 0:
            message = "`interpolation` must be greater than 0, got 0: use SGD or AdamW, which keep no average"
            raise ValueError(message)

    def evaluate(self: Any, state: Any, x: Array, /) -> Array:
        """Average, told from the parameters and the moving sequence."""
        z, beta = state[0], self.interpolation
        return (x - (1 - beta) * z) / beta

    def _average(self: Any, state: Any, y: Array, direction: Array) -> tuple[Any, Array]:
        """Move ``z`` against a direction; the new state, and the step of ``y``."""
        xp, beta, rate = self.namespace(y, direction), self.interpolation, self.learning_rate
        z, largest, total = state
        x = (y - (1 - beta) * z) / beta
        z = z - rate * (direction + self.weight_decay * y)
        largest = xp.maximum(largest, rate)
        weight = largest**self.weight_power
        total = total + weight
        share = weight / xp.where(total > 0, total, 1.0)
        x = (1 - share) * x + share * z
        return (z, largest, total), (1 - beta) * z + beta * x - y


class ScheduleFreeSGD(ScheduleFree):
    """Gradient descent that needs no schedule, as an average takes the place of a falling rate.

    Parameters
    ----------
    learning_rate : float or schedule
        Length of the step, in units of the gradient; a schedule should warm up, and not fall.
    interpolation : float
        How near to the average gradients are taken.
    weight_decay : float or schedule
        Strength of the decay, multiplied by the learning rate.
    weight_power : float
        A step counts in the average by this power of the largest learning rate so far.

    Notes
    -----
    The parameters in training are not those to evaluate or to keep: ask `evaluation_params` for those. In half
    precision they are too coarse to tell the average from: chain `mixed_precision` before this rule.
    The decay is taken at the parameters, as in the authors' code.

    References
    ----------
    Defazio et al. (2024), arXiv:2405.15682, equations 2 to 4, and algorithm 1
    """

    learning_rate: Hyper = 1.0
    interpolation: Hyper = 0.9
    weight_decay: Hyper = 0.0
    weight_power: Hyper = 2.0

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """All sequences at the parameters."""
        return _start(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step by the gradient."""
        return self._average(state, x, grad)


class ScheduleFreeAdamW(ScheduleFree):
    """`AdamW` that needs no schedule, as an average takes the place of a falling rate, and of momentum.

    Parameters
    ----------
    learning_rate : float or schedule
        About the length of a step; a schedule should warm up, and not fall.
    interpolation, weight_decay, weight_power
        As for `ScheduleFreeSGD`.
    decay : float
        What the average of squared gradients keeps of itself in a step.
    eps : float
        Added to the root of the second moment.

    Notes
    -----
    See `ScheduleFreeSGD`.

    References
    ----------
    Defazio et al. (2024), arXiv:2405.15682, algorithm 1
    """

    learning_rate: Hyper = 2.5e-3
    interpolation: Hyper = 0.9
    decay: Hyper = 0.999
    eps: Hyper = 1e-8
    weight_decay: Hyper = 0.0
    weight_power: Hyper = 2.0

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS | {"decay": (0, 1), "eps": (0, inf)}

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """All sequences at the parameters, and the second moment zero."""
        return *_start(x), real_zeros(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step by the gradient over its root mean square."""
        *sequences, v = state
        v = self.decay * v + (1 - self.decay) * square_modulus(grad)
        scale = self.namespace(v).sqrt(v / (1 - self.decay**t)) + self.eps
        sequences, dy = self._average(sequences, x, grad / scale)
        return (*sequences, v), dy


def _start(x: Array) -> tuple[Array, Array, Array]:
    xp = array_namespace(x)
    zero = as_array(xp.sum(real_zeros(x)))
    # Copies, as the memory of each may be given up.
    return xp.asarray(x, copy=True), zero, as_array(zero + 0)
