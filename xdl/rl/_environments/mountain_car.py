"""A car in a valley, too weak to climb out but by swinging."""

from typing import ClassVar

from xdl.core import Array, array_namespace, static
from xdl.rl._environment import Environment

__all__ = ["MountainCar"]


class MountainCar(Environment):
    """Car in a valley, as MountainCar-v0 of gymnasium.

    Actions are a push to the left (0), none (1) and one to the right (2); an observation is position and velocity.
    Every step pays -1, until the car is at the flag, at position 0.5.

    Parameters
    ----------
    max_steps : int
        Steps after which an episode is truncated.

    References
    ----------
    Moore (1990), PhD thesis, University of Cambridge; Singh & Sutton (1996), Machine Learning 22
    """

    actions: ClassVar[int | None] = 3
    observation_size: ClassVar[int] = 2
    observation_bounds: ClassVar[tuple[tuple[float, ...], tuple[float, ...]] | None] = (
        (-1.2, -0.07),
        (0.6, 0.07),
    )
    reset_noise: ClassVar[int] = 1

    max_steps: int = static(default=200)

    def reset(self, noise: Array) -> Array:
        """At rest, near the bottom."""
        xp = array_namespace(noise)
        return xp.concat([0.2 * noise - 0.6, xp.zeros_like(noise)], axis=-1)

    def observe(self, state: Array) -> Array:
        """State itself."""
        return state

    def step(self, state: Array, action: Array, noise: Array) -> tuple[Array, Array, Array]:
        """Push, and roll."""
        xp = array_namespace(state)
        position, speed = state[:, 0], state[:, 1]
        push = 0.001 * (xp.astype(action, state.dtype) - 1)
        speed = xp.clip(speed + (push - 0.0025 * xp.cos(3 * position)), -0.07, 0.07)
        position = xp.clip(position + speed, -1.2, 0.6)
        # the wall on the left takes the speed
        speed = xp.where((position <= -1.2) & (speed < 0), xp.zeros_like(speed), speed)
        arrived = (position >= 0.5) & (speed >= 0)
        return xp.stack([position, speed], axis=-1), -xp.ones_like(position), arrived
