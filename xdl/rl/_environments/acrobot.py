"""Two links that hang from a joint, to be swung up by the joint between them."""

import math
from typing import ClassVar

from xdl.core import Array, array_namespace, static
from xdl.rl._environment import Environment

__all__ = ["Acrobot"]


class Acrobot(Environment):
    """Two links with a motor between them, as Acrobot-v1 of gymnasium.

    Actions are a torque of -1 (0), 0 (1) and 1 N m (2); an observation is the cosine and sine of the angle of the first
    link, from hanging, and of that of the second against the first, then their velocities, in rad/s. Every step pays
    -1, but the last, in which the free end is higher than one link above the upper joint, pays 0.

    Parameters
    ----------
    max_steps : int
        Steps after which an episode is truncated.

    References
    ----------
    Sutton (1996), Advances in Neural Information Processing Systems 8; with the equations of Sutton & Barto (2018)
    """

    actions: ClassVar[int | None] = 3
    observation_size: ClassVar[int] = 6
    observation_bounds: ClassVar[tuple[tuple[float, ...], tuple[float, ...]] | None] = (
        (-1.0, -1.0, -1.0, -1.0, -4 * math.pi, -9 * math.pi),
        (1.0, 1.0, 1.0, 1.0, 4 * math.pi, 9 * math.pi),
    )
    reset_noise: ClassVar[int] = 4

    max_steps: int = static(default=500)

    def reset(self, noise: Array) -> Array:
        """Hanging, nearly at rest."""
        return 0.2 * noise - 0.1

    def observe(self, state: Array) -> Array:
        """Cosines and sines, whose angles have no jump, and velocities."""
        xp = array_namespace(state)
        first, second = state[:, 0], state[:, 1]
        turns = [xp.cos(first), xp.sin(first), xp.cos(second), xp.sin(second)]
        return xp.stack([*turns, state[:, 2], state[:, 3]], axis=-1)

    def step(self, state: Array, action: Array, noise: Array) -> tuple[Array, Array, Array]:
        """Move for 0.2 s, by one step of Runge and Kutta's method of fourth order."""
        xp = array_namespace(state)
        torque, h = xp.astype(action, state.dtype) - 1, 0.2
        k1 = _motion(state, torque)
        k2 = _motion(state + h / 2 * k1, torque)
        k3 = _motion(state + h / 2 * k2, torque)
        k4 = _motion(state + h * k3, torque)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        angles = state[:, :2]
        angles = xp.remainder(angles + math.pi, 2 * math.pi + 0 * angles) - math.pi
        fast = [
            xp.clip(state[:, 2], -4 * math.pi, 4 * math.pi),
            xp.clip(state[:, 3], -9 * math.pi, 9 * math.pi),
        ]
        up = -xp.cos(angles[:, 0]) - xp.cos(angles[:, 0] + angles[:, 1]) > 1
        reward = xp.where(up, xp.zeros_like(torque), -xp.ones_like(torque))
        return xp.concat([angles, xp.stack(fast, axis=-1)], axis=-1), reward, up


def _motion(state: Array, torque: Array) -> Array:
    """Velocities and accelerations; links of 1 kg and 1 m, with moment of inertia 1 kg m² and centers of mass halfway."""
    xp = array_namespace(state)
    first, second, turn1, turn2 = (state[:, k] for k in range(4))
    cosine, sine = xp.cos(second), xp.sin(second)
    d1 = 3.5 + cosine
    d2 = 1.25 + 0.5 * cosine
    fall2 = 4.9 * xp.sin(first + second)
    fall1 = -0.5 * turn2 * turn2 * sine - turn2 * turn1 * sine + 14.7 * xp.sin(first) + fall2
    bend2 = (torque + d2 / d1 * fall1 - 0.5 * turn1 * turn1 * sine - fall2) / (1.25 - d2 * d2 / d1)
    bend1 = -(d2 * bend2 + fall1) / d1
    return xp.stack([turn1, turn2, bend1, bend2], axis=-1)
