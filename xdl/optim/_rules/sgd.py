"""Gradient descent, with momentum and with Nesterov's momentum."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace, static
from xdl.optim._rule import Hyper, Rule

__all__ = ["SGD"]


class SGD(Rule):
    """Steps against the gradient, or against a running sum of gradients.

    With momentum ``mu`` the velocity is ``v = mu * v + grad`` and the step ``-learning_rate * v``.

    Parameters
    ----------
    learning_rate : float or schedule
        Length of the step, in units of the gradient.
    momentum : float or schedule
        What a velocity keeps of itself in a step; 0 keeps no velocity.
    nesterov : bool
        Step by ``grad + mu * v``, the velocity looked ahead by one step, instead of ``v``.

    Notes
    -----
    This is the form of PyTorch and optax. Polyak (1964) and Sutskever et al. (2013) put the learning
    rate inside the velocity, ``v = mu * v - learning_rate * grad``: the same for a constant learning rate.
    Where the velocity is the average ``v = mu * v + (1 - mu) * grad``, as in Adam, a learning rate
    larger by the factor ``1 / (1 - mu)`` gives the same steps.

    References
    ----------
    Polyak (1964), doi:10.1016/0041-5553(64)90137-5
    Sutskever, Martens, Dahl & Hinton (2013), *On the importance of initialization and momentum in deep
    learning*, equations 1 to 4
    """

    learning_rate: Hyper = 1e-2
    momentum: Hyper | None = 0.0
    nesterov: bool = static(default=False)

    limits: ClassVar[dict[str, tuple[float, float]]] = {"learning_rate": (0, inf), "momentum": (0, 1)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.momentum:
            # None is no leaf: without a velocity there is no such hyperparameter to adjust.
            self.momentum = None
            if self.nesterov:
                message = "`nesterov` needs a positive `momentum`"
                raise ValueError(message)

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Velocity zero."""
        return () if self.momentum is None else (array_namespace(x).zeros_like(x),)

    def step(
        self, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step against the velocity."""
        if self.momentum is None:
            return (), -self.learning_rate * grad  # pyright: ignore[reportOperatorIssue]
        (v,), mu = state, self.momentum
        v = mu * v + grad
        dx = grad + mu * v if self.nesterov else v
        return (v,), -self.learning_rate * dx  # pyright: ignore[reportOperatorIssue]
