"""A learning rate that is reduced when a metric no longer improves."""

import dataclasses
import math

from xdl.core import Array, Module, array_namespace, asarray
from xdl.core._namespace import is_array

from .schedule import check_positive, check_real

__all__ = ["Plateau", "ReduceOnPlateau"]


class Plateau(Module):
    """What `ReduceOnPlateau` remembers.

    Parameters
    ----------
    value : 0-d array
        The hyperparameter.
    best : 0-d array
        Best metric so far.
    waited, resting : 0-d integer array
        Metrics without an improvement; metrics still to come that do not count.
    """

    value: Array
    best: Array
    waited: Array
    resting: Array


@dataclasses.dataclass(frozen=True)
class ReduceOnPlateau:
    """Multiply a hyperparameter by a factor whenever a metric has not improved for some time.

    It depends on metrics, not on the count of steps, and so is no schedule: it is asked after every metric,
    and what it says is set by `adjust`. Pure and traceable.

    Parameters
    ----------
    factor : float
        In (0, 1).
    patience : int
        Metrics without an improvement that are waited for; the next one reduces.
    threshold : float
        A metric is an improvement if it is better than the best by this part of it.
    absolute : bool
        Whether ``threshold`` is a difference instead.
    cooldown : int
        Metrics after a reduction that do not count as being without an improvement.
    min_value : float
        The hyperparameter is not reduced below.
    mode : {"min", "max"}
        Whether better is smaller or larger.

    Notes
    -----
    The rule of PyTorch's ``ReduceLROnPlateau`` with ``eps=0``. A metric that is NaN is no improvement.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import optim
    >>> rule = optim.SGD(0.1)
    >>> state = optim.init(rule, np.zeros(3))
    >>> reduce = optim.ReduceOnPlateau(factor=0.5, patience=1)
    >>> plateau = reduce.init(state.values.learning_rate)
    >>> for loss in (1.0, 0.5, 0.5, 0.5):
    ...     plateau = reduce.update(plateau, loss)
    ...     state = optim.adjust(state, learning_rate=plateau.value)
    >>> float(state.values.learning_rate)
    0.05
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    absolute: bool = False
    cooldown: int = 0
    min_value: float = 0.0
    mode: str = "min"

    def __post_init__(self) -> None:
        check_positive(factor=self.factor)
        check_real(0.0, threshold=self.threshold, min_value=self.min_value)
        if self.factor >= 1:
            message = f"`factor` must be in (0, 1), got {self.factor!r}"
            raise ValueError(message)
        for name in ("patience", "cooldown"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                message = f"`{name}` must be an integer of at least 0, got {count!r}"
                raise ValueError(message)
        if self.mode not in ("min", "max"):
            message = f'`mode` must be "min" or "max", got {self.mode!r}'
            raise ValueError(message)

    def init(self, value: float | Array) -> Plateau:
        """State before the first metric.

        Parameters
        ----------
        value : float or 0-d array
            The hyperparameter as it is, such as ``state.values.learning_rate``, or a factor, 1.
        """
        value = value if is_array(value) else asarray(value)
        xp = array_namespace(value)
        worst = math.inf if self.mode == "min" else -math.inf
        waited, resting = (xp.zeros_like(value, dtype=xp.int32) for _ in range(2))
        return Plateau(value=value, best=xp.full_like(value, worst), waited=waited, resting=resting)

    def update(self, state: Plateau, metric: float | Array) -> Plateau:
        """State after a metric.

        Parameters
        ----------
        state : Plateau
        metric : float or 0-d array
            A loss or a score, such as that of an epoch.

        Returns
        -------
        Plateau
            Its ``value`` is the hyperparameter from now on.
        """
        xp, best = array_namespace(state.value), state.best
        metric = asarray(metric, like=best, dtype=best.dtype) if not is_array(metric) else metric
        metric = xp.astype(metric, best.dtype)
        sign = 1.0 if self.mode == "min" else -1.0
        margin = self.threshold if self.absolute else self.threshold * xp.abs(best)
        first = xp.isinf(best)
        margin = xp.where(first, xp.zeros_like(best), margin + xp.zeros_like(best))
        better = sign * metric < sign * best - margin
        zero = xp.zeros_like(state.waited)
        waited = xp.where(better, zero, state.waited + 1)
        rests = state.resting > 0
        waited = xp.where(rests, zero, waited)
        reduce = waited > self.patience
        lower = xp.maximum(state.value * self.factor, xp.full_like(state.value, self.min_value))
        return Plateau(
            value=xp.where(reduce, xp.minimum(lower, state.value), state.value),
            best=xp.where(better, metric, best),
            waited=xp.where(reduce, zero, waited),
            resting=xp.where(reduce, zero + self.cooldown, xp.where(rests, state.resting - 1, zero)),
        )
