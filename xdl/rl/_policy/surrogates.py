"""The clipped losses of proximal policy optimization."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

__all__ = ["clipped_policy_loss", "clipped_value_loss"]


@generic
def clipped_policy_loss(log_probability: Array, before: Array, advantage: Array, /, *, clip: float) -> Array:
    """Mean loss of actions, which does not reward a policy for going far from the one that acted.

    Parameters
    ----------
    log_probability, before : (n,) array
        Logarithm of the probabilities of actions now, and when they were taken.
    advantage : (n,) array
        Advantages of the actions.
    clip : float
        How far the ratio of the probabilities may go from 1.

    Returns
    -------
    () array
        Minus the paper's objective.

    References
    ----------
    Schulman et al. (2017), arXiv:1707.06347, equation 7
    """
    xp = array_namespace(log_probability, before, advantage)
    loss, bounded = _policy_terms(xp, log_probability, before, advantage, clip)
    return xp.mean(xp.maximum(loss, bounded))


def _policy_terms(
    xp: Any, log_probability: Array, before: Array, advantage: Array, clip: float
) -> tuple[Array, Array]:
    ratio = xp.exp(xp.subtract(log_probability, before))
    loss = xp.multiply(ratio, -advantage)
    return loss, xp.multiply(_clip(xp, ratio, 1 - clip, 1 + clip), -advantage)


def _pull_policy(
    xp: Any,
    dy: Array,
    y: Array,
    wanted: tuple[bool, ...],
    log_probability: Array,
    before: Array,
    advantage: Array,
    *,
    clip: float,
) -> Any:
    """Where the clipped loss is the larger one the ratio is outside, and the loss is constant."""
    loss, bounded = _policy_terms(xp, log_probability, before, advantage, clip)
    n = log_probability.shape[0]
    # the derivative of the ratio by the logarithm is the ratio
    slope = xp.multiply(xp.where(loss >= bounded, loss, xp.zeros_like(loss)), dy / n)
    return slope, None, None


rule(clipped_policy_loss, pullback=_pull_policy)


@generic
def clipped_value_loss(value: Array, before: Array, target: Array, /, *, clip: float) -> Array:
    """Half the mean square error of values, which does not reward them for going far from what they were.

    Parameters
    ----------
    value, before : (n,) array
        Values now, and when the actions were taken.
    target : (n,) array
        Estimates of the returns.
    clip : float
        How far values may go.

    References
    ----------
    Huang et al. (2022), The 37 implementation details of proximal policy optimization, detail 9
    """
    xp = array_namespace(value, before, target)
    error, bounded = _value_errors(xp, value, before, target, clip)
    return 0.5 * xp.mean(xp.maximum(error * error, bounded * bounded))


def _value_errors(xp: Any, value: Array, before: Array, target: Array, clip: float) -> tuple[Array, Array]:
    change = _clip(xp, xp.subtract(value, before), -clip, clip)
    return xp.subtract(value, target), xp.subtract(xp.add(change, before), target)


def _pull_value(
    xp: Any,
    dy: Array,
    y: Array,
    wanted: tuple[bool, ...],
    value: Array,
    before: Array,
    target: Array,
    *,
    clip: float,
) -> Any:
    """Where the clipped error is the larger one the change is outside, and the error is constant."""
    error, bounded = _value_errors(xp, value, before, target, clip)
    slope = xp.where(error * error >= bounded * bounded, error, xp.zeros_like(error))
    return xp.multiply(slope, dy / value.shape[0]), None, None


rule(clipped_value_loss, pullback=_pull_value)


def _clip(xp: Any, x: Array, low: float, high: float) -> Array:
    """What ``xp.clip`` is, whose checks in array-api-compat take as long as all the rest."""
    return xp.minimum(xp.maximum(x, low), high)
