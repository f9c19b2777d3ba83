"""What a network says of the return of an action: its mean, or all of its distribution."""

from xdl import nn
from xdl.core import Array, array_namespace, static
from xdl.optim._part import Part

__all__ = ["ExpectedHead", "ValueHead"]


class ValueHead(Part):
    """Base of readings of what a network puts out for each action.

    Attributes
    ----------
    outputs : int
        Numbers that the network puts out for each action.
    """

    @property
    def outputs(self) -> int:
        """Numbers that the network puts out for each action."""
        raise NotImplementedError

    def values(self, out: Array) -> Array:
        """Expected returns (..., actions) of what was put out (..., actions, outputs)."""
        raise NotImplementedError

    def error(self, predicted: Array, target_out: Array, reward: Array, discount: Array) -> Array:
        """Compare predictions with what a step has shown: the loss of each sample.

        Parameters
        ----------
        predicted : (b, outputs) array
            Put out for the actions taken.
        target_out : (b, outputs) array
            Put out for the best actions of the following observations, a constant.
        reward : (b,) array
            Reward, or discounted sum of several.
        discount : (b,) array
            Factor of the following return, 0 where the episode has terminated.

        Returns
        -------
        (b,) array
        """
        raise NotImplementedError

    def priority(self, error: Array) -> Array:
        """Priorities (b,) of samples in a replay, not negative, from their losses (b,)."""
        return error


class ExpectedHead(ValueHead):
    """The mean of the return, one number for each action.

    Parameters
    ----------
    loss : {"huber", "squared"}
        Half the square of the temporal difference, and with "huber" from 1 on the line that continues it.
        The priority of a sample is the temporal difference without its sign.

    Notes
    -----
    Far from its minimum Huber's loss seeks the median of targets, not the mean: where returns are large beside 1 and
    episodes end seldom, the ends can be outvoted, and values grow without bound. Scale such rewards down, as the
    reference does, or take "squared".

    References
    ----------
    Mnih et al. (2015), Human-level control through deep reinforcement learning, Nature 518, methods
    """

    loss: str = static(default="huber")

    def __post_init__(self) -> None:
        if self.loss not in ("huber", "squared"):
            message = f'`loss` must be "huber" or "squared", got {self.loss!r}'
            raise ValueError(message)

    @property
    def outputs(self) -> int:
        """One."""
        return 1

    def values(self, out: Array) -> Array:
        """Expected returns (..., actions) of what was put out (..., actions, 1)."""
        return out[..., 0]

    def error(self, predicted: Array, target_out: Array, reward: Array, discount: Array) -> Array:
        """Loss (b,) of the temporal differences."""
        xp = array_namespace(predicted)
        target = reward + discount * target_out[..., 0]
        value = xp.reshape(predicted, target.shape)
        if self.loss == "huber":
            return nn.huber_loss(value, target, reduction="none")
        difference = value - target
        return 0.5 * difference * difference

    def priority(self, error: Array) -> Array:
        """Temporal differences (b,) without signs, from their losses."""
        xp = array_namespace(error)
        difference = xp.sqrt(2 * error)
        return xp.where(error > 0.5, error + 0.5, difference) if self.loss == "huber" else difference
