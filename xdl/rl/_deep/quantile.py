"""Distributions of returns as values of fixed probability."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic, static
from xdl.core._namespace import device_of

from .heads import ValueHead

__all__ = ["QuantileHead", "quantile_huber"]


class QuantileHead(ValueHead):
    """Distribution of the return by its quantiles, at the middles of intervals of equal probability.

    Parameters
    ----------
    quantiles : int
        How many; the paper has 200 for games of many colors of return.
    kappa : float
        Distance up to which the loss is quadratic.

    References
    ----------
    Dabney, Rowland, Bellemare & Munos (2018), arXiv:1710.10044, algorithm 1
    """

    quantiles: int = static(default=51)
    kappa: float = static(default=1.0)

    def __init__(self, quantiles: int = 51, kappa: float = 1.0) -> None:
        if quantiles < 1 or not kappa > 0:
            message = f"expected `quantiles` >= 1 and `kappa` > 0, got {quantiles} and {kappa}"
            raise ValueError(message)
        self.quantiles, self.kappa = quantiles, float(kappa)

    @property
    def outputs(self) -> int:
        """One for each quantile."""
        return self.quantiles

    def values(self, out: Array) -> Array:
        """Expected returns (..., actions) of what was put out (..., actions, quantiles)."""
        return array_namespace(out).mean(out, axis=-1)

    def error(self, predicted: Array, target_out: Array, reward: Array, discount: Array) -> Array:
        """Quantile loss (b,) of predictions, each against each quantile of the target."""
        return quantile_huber(predicted, reward[:, None] + discount[:, None] * target_out, kappa=self.kappa)


@generic
def quantile_huber(predicted: Array, target: Array, /, *, kappa: float) -> Array:
    """Loss of predicted quantiles of a distribution, given equally probable values of it.

    Parameters
    ----------
    predicted : (b, n) array
        Quantiles at the probabilities ``(i + 1/2) / n``, in any order of size.
    target : (b, m) array
        Values.
    kappa : float
        Distance up to which the loss is quadratic.

    Returns
    -------
    (b,) array
        Sum over the predictions of means over the values.

    References
    ----------
    Dabney, Rowland, Bellemare & Munos (2018), arXiv:1710.10044, equation 10 and algorithm 1
    """
    return _forward(predicted, target, kappa=kappa)[0]


def _forward(predicted: Array, target: Array, /, *, kappa: float) -> tuple[Array, Array]:
    """Loss (b,), and its derivatives by the predictions (b, n), which need no more than what it is made of."""
    xp = array_namespace(predicted, target)
    u, below, above, low, high = _parts(xp, predicted, target, kappa)
    # Huber's loss is c (u - c / 2) for c = clip(u, -kappa, kappa)
    under = xp.vecdot(below, u) - 0.5 * xp.vecdot(below, below)
    over = xp.vecdot(above, u) - 0.5 * xp.vecdot(above, above)
    slope = low * xp.sum(below, axis=2) + high * xp.sum(above, axis=2)
    return xp.sum(low * under + high * over, axis=1), -slope


def _parts(xp: Any, predicted: Array, target: Array, kappa: float) -> tuple[Array, ...]:
    """Differences (b, n, m), what is clipped of them below and above zero, and the weights (n,) of either side."""
    n, m = predicted.shape[1], target.shape[1]
    u = xp.subtract(xp.expand_dims(target, axis=1), xp.expand_dims(predicted, axis=2))
    tau = (xp.arange(n, dtype=predicted.dtype, device=device_of(predicted)) + 0.5) / n
    return u, xp.clip(u, -kappa, 0.0), xp.clip(u, 0.0, kappa), (1 - tau) / m, tau / m


def _pull(
    xp: Any,
    dy: Array,
    y: Array,
    wanted: tuple[bool, ...],
    predicted: Array,
    target: Array,
    *,
    kappa: float,
    saved: Any = None,
) -> Any:
    slope = _forward(predicted, target, kappa=kappa)[1] if saved is None else saved
    along = None
    if wanted[1]:
        _, below, above, low, high = _parts(xp, predicted, target, kappa)
        along = xp.matmul(low, below) + xp.matmul(high, above)
        along = xp.multiply(along, xp.expand_dims(dy, axis=1))
    return xp.multiply(slope, xp.expand_dims(dy, axis=1)), along


rule(quantile_huber, forward=_forward, pullback=_pull)
