"""Gradient descent along a running average of gradients."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule

__all__ = ["Momentum", "Nesterov"]

LIMITS: dict[str, tuple[float, float]] = {"learning_rate": (0, inf), "decay": (0, 1)}


class Momentum(Rule):
    """Steps against an average of gradients, in which older ones count less.

    The velocity is ``v = decay * v + (1 - decay) * grad`` and the step ``-learning_rate * v``.

    Parameters
    ----------
    learning_rate : float or schedule
        Length of the step, in units of the average gradient.
    decay : float or schedule
        What the average keeps of itself in a step.

    Notes
    -----
    PyTorch and optax sum where this averages: ``v = decay * v + grad``. So ``Momentum(rate, decay)`` takes the
    steps of ``SGD((1 - decay) * rate, momentum=decay)``, and ``SGD(rate, momentum=mu)``, which is
    ``torch.optim.SGD``, those of ``Momentum(rate / (1 - mu), decay=mu)``. With an average, another ``decay``
    at the same rate leaves the length of steps as it was where gradients agree.

    References
    ----------
    Polyak (1964), doi:10.1016/0041-5553(64)90137-5
    """

    learning_rate: Hyper = 1e-2
    decay: Hyper = 0.9

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Velocity zero."""
        return (array_namespace(x).zeros_like(x),)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step against the average."""
        (v,), beta = state, self.decay
        v = beta * v + (1 - beta) * grad
        return (v,), -self.learning_rate * v


class Nesterov(Rule):
    """Steps against an average of gradients that are taken where the average leads.

    At ``y = x - learning_rate * decay * v``, ahead of ``x``, the gradient enters
    ``v = decay * v + (1 - decay) * grad``, and the step is ``x = x - learning_rate * v``.

    Parameters
    ----------
    learning_rate, decay
        As for `Momentum`.

    Notes
    -----
    The parameters are the points ``y``, at which gradients are taken; their step is
    ``-learning_rate * (decay * v + (1 - decay) * grad)`` with the new ``v``. The two sequences start together,
    and end together where ``v`` vanishes.

    As with `Momentum`, ``Nesterov(rate, decay)`` takes the steps of
    ``SGD((1 - decay) * rate, momentum=decay, nesterov=True)``, the form of PyTorch and optax.

    References
    ----------
    Nesterov (1983), *A method of solving a convex programming problem with convergence rate O(1/k²)*
    Sutskever, Martens, Dahl & Hinton (2013), *On the importance of initialization and momentum in deep
    learning*, equations 3 and 4
    """

    learning_rate: Hyper = 1e-2
    decay: Hyper = 0.9

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Velocity zero."""
        return (array_namespace(x).zeros_like(x),)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step against the average, looked ahead by one step."""
        (v,), beta = state, self.decay
        v = beta * v + (1 - beta) * grad
        return (v,), -self.learning_rate * (beta * v + (1 - beta) * grad)
