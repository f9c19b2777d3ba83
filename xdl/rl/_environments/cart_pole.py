"""A pole on a cart, to be kept upright by pushes to the left and to the right."""

import math
from typing import ClassVar

from xdl.core import Array, array_namespace, generic, static
from xdl.rl._environment import Environment

__all__ = ["CartPole", "swing"]


class CartPole(Environment):
    """Cart and pole of Barto, Sutton & Anderson, as CartPole-v1 of gymnasium.

    Actions are a push to the left (0) and to the right (1); an observation is the position of the cart, in m,
    its velocity, in m/s, the angle of the pole, in rad, and its velocity, in rad/s. Every step pays 1. The episode ends
    where the pole leans by more than 12 degrees or the cart leaves the track of 2.4 m to either side.

    Parameters
    ----------
    max_steps : int
        Steps after which an episode is truncated.

    References
    ----------
    Barto, Sutton & Anderson (1983), IEEE Transactions on Systems, Man, and Cybernetics 13
    """

    actions: ClassVar[int | None] = 2
    observation_size: ClassVar[int] = 4
    observation_bounds: ClassVar[tuple[tuple[float, ...], tuple[float, ...]] | None] = (
        (-4.8, -math.inf, -24 * math.pi / 180, -math.inf),
        (4.8, math.inf, 24 * math.pi / 180, math.inf),
    )
    reset_noise: ClassVar[int] = 4

    max_steps: int = static(default=500)

    def reset(self, noise: Array) -> Array:
        """Nearly at rest in the middle."""
        return 0.1 * noise - 0.05

    def observe(self, state: Array) -> Array:
        """State itself."""
        return state

    def step(self, state: Array, action: Array, noise: Array) -> tuple[Array, Array, Array]:
        """Push, and integrate the motion for 0.02 s by Euler's method."""
        xp = array_namespace(state)
        state = swing(state, action)
        fallen = (xp.abs(state[:, 0]) > 2.4) | (xp.abs(state[:, 2]) > 12 * 2 * math.pi / 360)
        return state, xp.ones_like(state[:, 0]), fallen


@generic
def swing(state: Array, action: Array, /) -> Array:
    """Push carts, and integrate their motion for 0.02 s by Euler's method.

    Parameters
    ----------
    state : (n, 4) array
        Position, velocity, angle and its velocity.
    action : (n,) integer array
        1 for a push of 10 N to the right, else to the left.

    Returns
    -------
    (n, 4) array
        States after that.
    """
    xp = array_namespace(state)
    x, speed, angle, turning = (state[:, k] for k in range(4))
    force = xp.where(action == 1, 10.0 + 0 * x, -10.0 + 0 * x)
    sine, cosine = xp.sin(angle), xp.cos(angle)
    # mass of the cart 1 kg, of the pole 0.1 kg, half its length 0.5 m
    push = (force + 0.05 * turning * turning * sine) / 1.1
    turn = (9.8 * sine - cosine * push) / (0.5 * (4.0 / 3.0 - 0.1 * cosine * cosine / 1.1))
    pull = push - 0.05 * turn * cosine / 1.1
    return xp.stack(
        [x + 0.02 * speed, speed + 0.02 * pull, angle + 0.02 * turning, turning + 0.02 * turn], axis=-1
    )
