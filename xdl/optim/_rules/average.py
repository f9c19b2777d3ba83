"""A running average of the parameters."""

from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule

__all__ = ["ExponentialAverage", "exponential_average"]


class ExponentialAverage(Rule):
    """Average of parameters beside the steps, which pass unchanged; made by `exponential_average`."""

    decay: Hyper

    modifier: ClassVar[bool] = True
    limits: ClassVar[dict[str, tuple[float, float]]] = {"decay": (0, 1)}

    def place(self, following: list[Any], *, after: bool) -> list[Any]:
        """Only after a step are there new parameters."""
        require_step("exponential_average", after)
        return [self, *following]

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Average of the first parameters."""
        # a copy, as the memory of the parameters may be given up
        return (array_namespace(x).asarray(x, copy=True),)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Let the new parameters into the average."""
        (average,) = state
        return (self.decay * average + (1 - self.decay) * (x + grad),), grad

    def evaluate(self, state: Any, x: Array, /) -> Array:
        """Average."""
        return state[0]


def require_step(name: str, after: bool) -> None:
    """Refuse a place in a chain before the step is made."""
    if not after:
        message = f"`{name}` must come after the rule that makes the step: chain(Adam(), {name}(...))"
        raise ValueError(message)


def exponential_average(decay: Hyper) -> Rule:
    """Modifier that keeps an average of the parameters, to be asked for by `evaluation_params`.

    The average is ``decay * average + (1 - decay) * x`` of the parameters after each step, from the first ones on.

    Parameters
    ----------
    decay : float or schedule
        What the average keeps of itself in a step. With a schedule such as ``(1 + count) / (10 + count)``, bounded by
        its last value, the average forgets the first parameters sooner.

    References
    ----------
    Polyak & Juditsky (1992), doi:10.1137/0330046, for the average of all parameters

    Examples
    --------
    >>> from xdl import optim
    >>> rule = optim.chain(optim.Adam(1e-3), optim.exponential_average(0.999))
    """
    return ExponentialAverage(decay)
