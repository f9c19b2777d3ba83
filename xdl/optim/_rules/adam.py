"""Adam, and Adam with decoupled weight decay."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule, real_zeros, square_modulus

__all__ = ["Adam", "AdamW", "adam_direction", "init_moments"]

LIMITS: dict[str, tuple[float, float]] = {"learning_rate": (0, inf), "decay": (0, 1), "eps": (0, inf)}


class Adam(Rule):
    """Steps scaled by running estimates of the gradient's first two moments.

    Parameters
    ----------
    learning_rate : float or schedule
        About the largest change of a parameter in a step.
    decay : (float, float)
        What the estimates of the first and of the second moment keep of themselves in a step.
    eps : float
        Added to the root of the second moment.

    Notes
    -----
    Complex parameters are scaled by the second moment of the modulus; PyTorch scales real and
    imaginary parts apart.

    References
    ----------
    Kingma & Ba (2015), arXiv:1412.6980, algorithm 1
    """

    learning_rate: Hyper = 1e-3
    decay: tuple[Hyper, Hyper] = (0.9, 0.999)
    eps: Hyper = 1e-8

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Moments zero."""
        return init_moments(x)

    def step(
        self, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Update the moments, then step by the ratio of their unbiased estimates."""
        state, direction = adam_direction(state, grad, t, self.decay, self.eps)
        return state, -self.learning_rate * direction  # pyright: ignore[reportOperatorIssue]


class AdamW(Rule):
    """Adam, and beside its step a decay of the parameters towards zero.

    A step is Adam's, minus ``learning_rate * weight_decay * x``: the decay does not pass through the
    moments, as a penalty in the loss would.

    Parameters
    ----------
    learning_rate, decay, eps
        As for `Adam`.
    weight_decay : float or schedule
        Strength of the decay.

    Notes
    -----
    The paper multiplies step and decay by a schedule alone; here, as in PyTorch and optax, the schedule's
    place is taken by the learning rate, which multiplies both.

    References
    ----------
    Loshchilov & Hutter (2019), arXiv:1711.05101, algorithm 2
    """

    learning_rate: Hyper = 1e-3
    decay: tuple[Hyper, Hyper] = (0.9, 0.999)
    eps: Hyper = 1e-8
    weight_decay: Hyper = 1e-2

    limits: ClassVar[dict[str, tuple[float, float]]] = LIMITS | {"weight_decay": (0, inf)}

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Moments zero."""
        return init_moments(x)

    def step(
        self, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Step as Adam, and shrink."""
        state, direction = adam_direction(state, grad, t, self.decay, self.eps)
        return state, -self.learning_rate * (direction + self.weight_decay * x)  # pyright: ignore


def init_moments(x: Array) -> tuple[Array, Array]:
    """First and second moment zero; the second is real."""
    return array_namespace(x).zeros_like(x), real_zeros(x)


def adam_direction(state: Any, grad: Array, t: Array, decay: Any, eps: Any) -> tuple[Any, Array]:
    """Moments after a step, and the ratio of their unbiased estimates."""
    (m, v), (b1, b2) = state, decay
    xp = array_namespace(grad, b1, b2, eps)
    m = b1 * m + (1 - b1) * grad
    v = b2 * v + (1 - b2) * square_modulus(grad)
    m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
    return (m, v), m_hat / (xp.sqrt(v_hat) + eps)
