"""Returns of several steps, and what is known of the rest."""

from typing import Any

from xdl.core import Array, Module, array_namespace

__all__ = ["Outcome", "n_step"]


class Outcome(Module):
    """What came of an action: rewards, and where the value of the rest is to be read.

    Parameters
    ----------
    observation, action : (b, ...) array
        What was seen and done.
    reward : (b,) array
        Sum of the rewards of the steps that followed, discounted.
    next_observation : (b, ...) array
        What was seen after the last of them.
    discount : (b,) array
        Factor of its value; 0 if it is terminal.
    """

    observation: Array
    action: Array
    reward: Array
    next_observation: Array
    discount: Array


def n_step(window: Any, discount: float) -> Outcome:
    """Follow steps in a row, no further than the end of an episode.

    A terminal state is worth nothing. An episode that was cut off goes on where it was cut, unseen: its last
    observation has a value, with the discount of the steps up to there.

    Parameters
    ----------
    window : Transition
        Arrays (n, b, ...): n steps in a row. Steps of later episodes are not looked at.
    discount : float
        Factor of rewards one step later.

    References
    ----------
    Sutton & Barto (2018), equation 7.1; Hessel et al. (2018), arXiv:1710.02298, section 3
    """
    xp = array_namespace(window.reward)
    reward, seen, terminated = (
        window.reward[0, ...],
        window.next_observation[0, ...],
        window.terminated[0, ...],
    )
    keeps = xp.full_like(reward, discount)
    goes_on = True
    for k in range(1, window.reward.shape[0]):
        goes_on = xp.logical_not(window.terminated[k - 1, ...] | window.truncated[k - 1, ...]) & goes_on
        reward = xp.where(goes_on, reward + discount**k * window.reward[k, ...], reward)
        keeps = xp.where(goes_on, keeps * discount, keeps)
        wide = xp.reshape(goes_on, (-1, *(1,) * (seen.ndim - 1)))
        seen = xp.where(wide, window.next_observation[k, ...], seen)
        terminated = xp.where(goes_on, window.terminated[k, ...], terminated)
    keeps = xp.where(terminated, 0.0, keeps)
    return Outcome(window.observation[0, ...], window.action[0, ...], reward, seen, keeps)
