"""Parameters drawn towards zero."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, static
from xdl.optim._rule import Hyper, Rule, sign

__all__ = ["SignDecay", "WeightDecay", "sign_decay", "weight_decay"]


class WeightDecay(Rule):
    """Gradient of half the squared norm, or a step against it; made by `weight_decay`."""

    strength: Hyper
    after: bool = static(default=False)

    modifier: ClassVar[bool] = True
    limits: ClassVar[dict[str, tuple[float, float]]] = {"strength": (0, inf)}

    def place(self, following: list[Any], *, after: bool) -> list[Any]:
        """After the rule that makes the step, the decay is a step of its own."""
        return [self.replace(after=after), *following]

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Add the gradient, or take the step."""
        return (), grad + (-self.strength if self.after else self.strength) * x


class SignDecay(WeightDecay):
    """Gradient of the sum of moduli, or a step against it; made by `sign_decay`."""

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Add the gradient, or take the step."""
        return (), grad + (-self.strength if self.after else self.strength) * sign(x)


def weight_decay(strength: Hyper) -> Rule:
    """Modifier that draws parameters towards zero in proportion to their size.

    Before the rule that makes the step, it adds ``strength * x`` to the gradient, as the penalty
    ``strength * sum(x**2) / 2`` in the loss would. After it, the decay is decoupled: ``strength * x`` is taken from the
    step, untouched by learning rate and moments.

    Parameters
    ----------
    strength : float or schedule
        Strength of the decay.

    Notes
    -----
    `AdamW`, like PyTorch, multiplies the decay by the learning rate: ``AdamW(rate, weight_decay=w)`` takes the steps
    of ``chain(Adam(rate), weight_decay(rate * w))``.

    References
    ----------
    Loshchilov & Hutter (2019), arXiv:1711.05101, algorithm 1, lines 6 and 9

    Examples
    --------
    >>> from xdl import optim
    >>> coupled = optim.chain(optim.weight_decay(1e-4), optim.Momentum(0.1))
    >>> decoupled = optim.chain(optim.Adam(1e-3), optim.weight_decay(1e-5))
    """
    return WeightDecay(strength)


def sign_decay(strength: Hyper) -> Rule:
    """Modifier that draws parameters towards zero, all by the same amount.

    Before the rule that makes the step, it adds ``strength * sign(x)`` to the gradient, as the penalty
    ``strength * sum(abs(x))`` in the loss would; after it, the decay is decoupled, as with `weight_decay`.

    Parameters
    ----------
    strength : float or schedule
        Strength of the decay.
    """
    return SignDecay(strength)
