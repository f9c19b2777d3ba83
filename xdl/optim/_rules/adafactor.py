"""Adam's scale from sums over rows and columns."""

import math
from math import inf
from typing import Any, ClassVar

from xdl.core import Array, array_namespace
from xdl.optim._rule import Hyper, Rule, real_zeros, square_modulus

__all__ = ["Adafactor"]


class Adafactor(Rule):
    """Steps scaled by a second moment of which only the means of rows and of columns are kept.

    State for a matrix of m rows and n columns is m + n numbers; leaves of more axes are stacks of matrices.
    Steps are relative to the root mean square of the parameters.

    Parameters
    ----------
    learning_rate : float or schedule
        Relative length of a step; in step ``t``, at most ``1 / sqrt(t)``.
    decay_power : float
        The second moment keeps ``1 - t**-decay_power`` of itself in step ``t``.
    eps : (float, float)
        Added to squares of gradients; and the least root mean square of parameters.
    clip : float
        Largest root mean square of a scaled gradient.

    Notes
    -----
    As in the paper, without its first moment. PyTorch puts the first ``eps`` under products of means instead of
    adding it to squares. optax factors the two longest axes of a leaf instead of the last two, and those only if
    longer than 128, and takes the learning rate as it is.

    References
    ----------
    Shazeer & Stern (2018), arXiv:1804.04235, algorithms 4 to 6
    """

    learning_rate: Hyper = 1e-2
    decay_power: Hyper = 0.8
    eps: tuple[Hyper, Hyper] = (1e-30, 1e-3)
    clip: Hyper = 1.0

    elementwise: ClassVar[bool] = False
    limits: ClassVar[dict[str, tuple[float, float]]] = {
        "learning_rate": (0, inf),
        "decay_power": (0, inf),
        "eps": (0, inf),
        "clip": (0, inf),
    }

    def init(self, x: Array, /) -> tuple[Any, ...]:
        """Means of rows and of columns zero, or the second moment of what is no matrix."""
        zeros = real_zeros(x)
        xp = array_namespace(x)
        return (zeros,) if x.ndim < 2 else (xp.sum(zeros, axis=-1), xp.sum(zeros, axis=-2))

    def step(
        self: Any, state: tuple[Any, ...], x: Array, grad: Array, t: Array, /
    ) -> tuple[tuple[Any, ...], Array]:
        """Scale by the product of the means, bound the step, and make it relative to the parameters."""
        xp, (tiny, least) = self.namespace(grad), self.eps
        keep, square = 1 - t**-self.decay_power, square_modulus(grad) + tiny
        if x.ndim < 2:
            v = keep * state[0] + (1 - keep) * square
            new = (v,)
        else:
            rows = keep * state[0] + (1 - keep) * _mean(square, axis=-1)
            columns = keep * state[1] + (1 - keep) * _mean(square, axis=-2)
            new = rows, columns
            total = _mean(rows, axis=-1)[..., None, None]
            v = (rows / xp.where(total > 0, total, 1.0)[..., 0])[..., :, None] * columns[..., None, :]
        direction = grad / xp.sqrt(xp.where(v > 0, v, 1.0))
        size = _root_mean_square(direction) / self.clip
        relative = xp.maximum(_root_mean_square(x), least)
        rate = xp.minimum(self.learning_rate, 1 / xp.sqrt(t))
        return new, -rate * relative * direction / xp.maximum(size, xp.ones_like(size))


def _mean(x: Array, axis: int | None = None) -> Array:
    """Mean, zero where there is nothing."""
    xp = array_namespace(x)
    count = math.prod(x.shape) if axis is None else x.shape[axis]
    return xp.sum(x, axis=axis) / max(count, 1)


def _root_mean_square(x: Array) -> Array:
    xp, square = array_namespace(x), _mean(square_modulus(x))
    # Chosen before the root, whose derivative at zero is infinite.
    return xp.where(square > 0, xp.sqrt(xp.where(square > 0, square, 1.0)), 0.0)
