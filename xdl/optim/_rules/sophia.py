"""Steps scaled by curvature."""

from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule, is_complex, real_zeros, sign

__all__ = ["Sophia"]


class Sophia(Rule):
    """Fractions of the Newton step of a diagonal Hessian that is estimated now and then, none longer than a bound.

    Every ten steps or so, an estimate from `hutchinson_diagonal` or `gauss_newton_diagonal`, or one of the user's
    own, is shown to the state by `observe_curvature`. Until then, and where the curvature is not positive, steps are
    those of the sign of the momentum.

    Parameters
    ----------
    learning_rate : float or schedule
        Fraction of the Newton step, and largest change of a parameter.
    decay : (float, float)
        What the averages of gradients and of curvatures keep of themselves when a new one comes.
    scale : float
        Factor of the curvature; such that a tenth to a half of the parameters step by less than the rate.
    eps : float
        Least curvature after scaling.
    weight_decay : float or schedule
        Strength of the decoupled decay, as for `AdamW`.

    Notes
    -----
    As in the paper, the average of gradients starts from zero without a correction; optax corrects it.

    References
    ----------
    Liu et al. (2023), arXiv:2305.14342, algorithm 3

    Examples
    --------
    >>> import numpy as np
    >>> import xdl
    >>> from xdl import optim
    >>> f = lambda x: (x[0] ** 2 + 100 * x[1] ** 2) / 2
    >>> rule, x = optim.Sophia(1.0, decay=(0.0, 0.0), scale=1.0), np.asarray([1.5, -0.5])
    >>> state = optim.init(rule, x)
    >>> key = xdl.random.key(0, like=x)
    >>> state = optim.observe_curvature(state, x, optim.hutchinson_diagonal(f, x, key))
    >>> x, state = optim.update(rule, x, xdl.grad(f)(x), state)
    >>> x
    array([0.5, 0. ])
    """

    learning_rate: Hyper = 1e-3
    decay: tuple[Hyper, Hyper] = (0.96, 0.99)
    scale: Hyper = 0.01
    eps: Hyper = 1e-12
    weight_decay: Hyper = 0.0

    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "learning_rate": (0, inf),
        "decay": (0, 1),
        "scale": (0, inf),
        "eps": (0, inf),
        "weight_decay": (0, inf),
    }

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Averages zero."""
        return array_namespace(x).zeros_like(x), real_zeros(x)

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Divide the momentum by the curvature where that is less than a step of one."""
        xp = self.namespace(grad)
        (m, h), b1 = state, self.decay[0]
        m = b1 * m + (1 - b1) * grad
        curvature = xp.maximum(self.scale * h, self.eps)
        size = xp.abs(m)
        # Divide by the larger, so that no curvature is too small.
        direction = xp.where(size > curvature, sign(m), m / xp.where(size > curvature, 1.0, curvature))
        return (m, h), -self.learning_rate * (direction + self.weight_decay * x)

    def observe(self: Any, state: Any, curvature: Array, /) -> Any:
        """Let the estimate into the average."""
        (m, h), b2 = state, self.decay[1]
        return m, b2 * h + (1 - b2) * (
            array_namespace(h).real(curvature) if is_complex(curvature) else curvature
        )
