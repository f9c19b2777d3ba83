"""A pendulum that is to be swung up and held there."""

import math
from typing import ClassVar

from xdl.core import Array, array_namespace, static
from xdl.rl._environment import Environment

__all__ = ["Pendulum"]


class Pendulum(Environment):
    """Pendulum with a motor, as Pendulum-v1 of gymnasium.

    An action is a torque, in N m, of at most 2; an observation is the cosine and sine of the angle, which is 0 where
    it stands, and its velocity, in rad/s. A step pays minus the square of the angle, a tenth of that of the velocity
    and a thousandth of that of the torque. Episodes do not end by themselves.

    Parameters
    ----------
    max_steps : int
        Steps after which an episode is truncated.

    References
    ----------
    Doya (2000), Neural Computation 12
    """

    action_bounds: ClassVar[tuple[float, float] | None] = (-2.0, 2.0)
    action_size: ClassVar[int] = 1
    observation_size: ClassVar[int] = 3
    observation_bounds: ClassVar[tuple[tuple[float, ...], tuple[float, ...]] | None] = (
        (-1.0, -1.0, -8.0),
        (1.0, 1.0, 8.0),
    )
    reset_noise: ClassVar[int] = 2

    max_steps: int = static(default=200)

    def reset(self, noise: Array) -> Array:
        """At any angle, turning by at most 1 rad/s."""
        xp = array_namespace(noise)
        even = 2 * noise - 1
        return xp.stack([math.pi * even[:, 0], even[:, 1]], axis=-1)

    def observe(self, state: Array) -> Array:
        """Cosine and sine, whose angle has no jump, and velocity."""
        xp = array_namespace(state)
        return xp.stack([xp.cos(state[:, 0]), xp.sin(state[:, 0]), state[:, 1]], axis=-1)

    def step(self, state: Array, action: Array, noise: Array) -> tuple[Array, Array, Array]:
        """Turn for 0.05 s; mass 1 kg, length 1 m, gravity 10 m/s²."""
        xp = array_namespace(state)
        angle, turning = state[:, 0], state[:, 1]
        torque = xp.clip(action[:, 0], -2.0, 2.0)
        wrapped = xp.remainder(angle + math.pi, 2 * math.pi + 0 * angle) - math.pi
        cost = wrapped * wrapped + 0.1 * turning * turning + 0.001 * torque * torque
        turning = xp.clip(turning + 0.05 * (15 * xp.sin(angle) + 3 * torque), -8.0, 8.0)
        state = xp.stack([angle + 0.05 * turning, turning], axis=-1)
        return state, -cost, xp.zeros_like(angle, dtype=xp.bool)
