"""Returns and advantages of steps in a row: sums that run backwards in time."""

from xdl.core import Array, array_namespace
from xdl.core._namespace import device_of

__all__ = ["discounted_returns", "gae"]


def discounted_returns(reward: Array, ended: Array, following: Array, /, *, discount: float) -> Array:
    """Sum of the discounted rewards from each step to the end of its episode.

    Parameters
    ----------
    reward : (steps, ...) array
        Rewards of steps in a row.
    ended : (steps, ...) boolean array
        Whether an episode ended with the step.
    following : (...) array
        Value of what follows the last step, which counts where its episode has not ended.
    discount : float
        What a reward one step later is worth.

    Returns
    -------
    (steps, ...) array
    """
    xp = array_namespace(reward)
    going = xp.astype(xp.logical_not(ended), reward.dtype)
    last = reward[-1:, ...] + discount * going[-1:, ...] * following[None, ...]
    return _backwards(xp.concat([reward[:-1, ...], last]), discount * going)


def gae(
    reward: Array,
    value: Array,
    next_value: Array,
    terminated: Array,
    ended: Array,
    /,
    *,
    discount: float,
    decay: float,
) -> Array:
    """Generalized advantage estimates.

    Parameters
    ----------
    reward : (steps, ...) array
        Rewards of steps in a row.
    value : (steps, ...) array
        Values of what was seen before each step.
    next_value : (steps, ...) array
        Values of what was seen after it; of an episode that was cut off, of its last observation, not of the first
        of the next.
    terminated : (steps, ...) boolean array
        Whether the episode ended in a terminal state, whose value is zero whatever ``next_value`` says.
    ended : (steps, ...) boolean array
        Whether it ended, there or because it was cut off: errors of later steps do not count.
    discount : float
        What a reward one step later is worth.
    decay : float
        What the error of the values one step later counts, the paper's λ: with 0 the error of one step alone, with 1
        the whole return.

    Returns
    -------
    (steps, ...) array
        Estimates; added to the values, they are estimates of the returns.

    References
    ----------
    Schulman, Moritz, Levine, Jordan & Abbeel (2016), arXiv:1506.02438, equation 16
    """
    xp = array_namespace(reward)
    going = xp.astype(xp.logical_not(terminated), reward.dtype)
    error = reward + discount * going * next_value - value
    return _backwards(error, discount * decay * xp.astype(xp.logical_not(ended), reward.dtype))


def _backwards(x: Array, factor: Array) -> Array:
    """Solve y[t] = x[t] + factor[t] y[t + 1] with nothing after the last.

    By doubling (Hillis & Steele 1986): after k passes each sum has 2**k terms, so that there are as many array
    operations as the logarithm of the number of steps.
    """
    xp, steps = array_namespace(x), x.shape[0]
    shift = 1
    while shift < steps:
        none = xp.zeros((shift, *x.shape[1:]), dtype=x.dtype, device=device_of(x))
        x = x + factor * xp.concat([x[shift:, ...], none])
        factor = factor * xp.concat([factor[shift:, ...], none])
        shift *= 2
    return x
