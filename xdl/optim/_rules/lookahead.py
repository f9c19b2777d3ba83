"""Slow parameters that follow fast ones."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace, static
from xdl.optim._rule import Hyper, Rule, check_count

from .average import require_step

__all__ = ["Lookahead", "lookahead"]


class Lookahead(Rule):
    """Steps that go back part of the way now and then; made by `lookahead`."""

    fraction: Hyper
    period: int = static()

    modifier: ClassVar[bool] = True
    limits: ClassVar[dict[str, tuple[float, float]]] = {"fraction": (0, inf)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("period", self.period)

    def place(self, following: list[Any], *, after: bool) -> list[Any]:
        """Only after a step are there new parameters."""
        require_step("lookahead", after)
        return [self, *following]

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Slow parameters where the fast ones are."""
        # a copy, as the memory of the parameters may be given up
        return (array_namespace(x).asarray(x, copy=True),)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Let the slow parameters follow in every ``period``-th step, and take the fast ones back to them."""
        xp = self.namespace(grad)
        (slow,), due = state, t % self.period == 0
        slow = xp.where(due, slow + self.fraction * (x + grad - slow), slow)
        return (slow,), xp.where(due, slow - x, grad)

    def evaluate(self, state: Any, x: Array, /) -> Array:
        """Slow parameters."""
        return state[0]


def lookahead(fraction: Hyper = 0.5, *, period: int = 6) -> Rule:
    """Modifier that keeps slow parameters, which follow the fast ones every few steps.

    Then the slow ones move a fraction of the way to the fast ones, which start anew from there; what the rule knows
    of gradients is kept. `evaluation_params` gives the slow ones.

    Parameters
    ----------
    fraction : float or schedule
        Of the way.
    period : int, in steps
        How often.

    References
    ----------
    Zhang, Lucas, Hinton & Ba (2019), arXiv:1907.08610, algorithm 1

    Examples
    --------
    >>> from xdl import optim
    >>> rule = optim.chain(optim.Adam(1e-3), optim.lookahead(0.5, period=6))
    """
    return Lookahead(fraction, period)
