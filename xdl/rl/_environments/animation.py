"""Episodes as animations."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xdl.core import Array, random, to_numpy, tree
from xdl.rl._environment import Environment
from xdl.rl._host import HostEnvironment

from .acrobot import Acrobot
from .cart_pole import CartPole
from .drawing import Canvas, draw
from .mountain_car import MountainCar
from .pendulum import Pendulum

__all__ = ["animate", "speed_of"]

SPEED = {
    CartPole: 50,
    MountainCar: 30,
    Pendulum: 20,
    Acrobot: 15,
}  # steps in a second of the environment's time
Policy = Callable[[Array], Array]
Shots = Iterator[
    tuple[Callable[[Any], None], float]
]  # what draws a state into axes, and the rewards until then


def animate(
    env: Environment | HostEnvironment,
    policy: Policy,
    key: Array,
    path: str | Path,
    *,
    max_steps: int | None = None,
    fps: float | None = None,
) -> float:
    """Write an episode as an animation.

    Parameters
    ----------
    env : Environment or HostEnvironment
        One that `draw` knows; or one copy of one of gymnasium's, made with ``render_mode="rgb_array"``.
    policy : callable
        ``policy(observation)`` returns actions (1, ...) for observations (1, ...).
    key : array
        Random key of the episode, on whose device it runs.
    path : str or Path
        GIF to be written.
    max_steps : int, optional
        Steps after which the animation ends; default: those of the episode.
    fps : float, optional
        Steps shown in a second; default: as many as it has in its own time, or 5.

    Returns
    -------
    float
        Sum of the rewards that were shown.

    Raises
    ------
    TypeError
        If it is no environment, or nobody knows how to draw it.
    ValueError
        If the path is of another format, or an environment of gymnasium's gives no pictures.
    """
    from matplotlib.animation import PillowWriter

    if Path(path).suffix.lower() != ".gif":
        message = f"`path` must end in .gif, got {str(path)!r}"
        raise ValueError(message)
    if not isinstance(env, Environment | HostEnvironment):
        message = (
            f"`env` must be an Environment or a HostEnvironment, got {env!r}; of a name in gymnasium, "
            'GymnasiumEnvironment(name, render_mode="rgb_array") makes one'
        )
        raise TypeError(message)
    shots = _seen(env, policy, key) if isinstance(env, HostEnvironment) else _drawn(env, policy, key)
    speed: Any = fps or speed_of(env)
    canvas, writer, total = Canvas(), PillowWriter(fps=speed), 0.0
    writer.setup(
        canvas.figure, str(path), canvas.figure.dpi
    )  # its `saving` hides errors before the first picture
    for step, (picture, total) in enumerate(shots):
        picture(canvas.clear())
        canvas.caption.set_text(f"step {step}    return {total:.4g}")
        writer.grab_frame()
        if step == max_steps:
            break
    writer.finish()
    return total


def speed_of(env: Any) -> int:
    """Steps in a second, where there is one."""
    return next((n for kind, n in SPEED.items() if isinstance(env, kind)), 5)


def _drawn(env: Environment, policy: Policy, key: Array) -> Shots:
    def picture(state: Any) -> Callable[[Any], None]:
        return lambda axes: draw(env, axes, tree.map(lambda x: to_numpy(x)[0, ...], state))

    keys = random.split(key, 2)
    noise = random.uniform(keys[1, ...], (env.max_steps, 1, env.step_noise))
    state, total = env.reset(random.uniform(keys[0, ...], (1, env.reset_noise))), 0.0
    yield picture(state), total
    for step in range(env.max_steps):
        state, reward, terminated = env.step(state, policy(env.observe(state)), noise[step, ...])
        total += float(to_numpy(reward)[0])
        yield picture(state), total
        if bool(to_numpy(terminated)[0]):
            return


def _seen(env: HostEnvironment, policy: Policy, key: Array) -> Shots:
    def picture() -> Callable[[Any], None]:
        image = env.render() if env.copies == 1 and hasattr(env, "render") else None  # pyright: ignore
        if image is None:
            message = f'{env!r} gives no picture: it needs one copy, made with `render_mode="rgb_array"`'
            raise ValueError(message)
        return lambda axes: axes.imshow(image)

    seen, ended = env.start(key), False
    shot, total = picture(), 0.0
    yield shot, total
    while not ended:
        taken, seen = env.step(policy(seen))
        total, ended = float(to_numpy(taken.total)[0]), bool(to_numpy(taken.ended)[0])
        shot = shot if ended else picture()  # after the end it shows the next episode
        yield shot, total
