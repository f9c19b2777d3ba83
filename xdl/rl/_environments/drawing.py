"""Pictures of states, one for each environment, by matplotlib."""

import functools
import math
from typing import Any

from xdl.core import to_numpy, tree
from xdl.rl._environment import Environment
from xdl.rl._host import host

from .acrobot import Acrobot
from .cart_pole import CartPole
from .engagement import EngagementChain
from .grid_world import GridWorld
from .mountain_car import MountainCar
from .pendulum import Pendulum
from .tabular import TabularEnvironment

__all__ = ["Canvas", "draw", "frames"]

BLUE, ORANGE, GREEN, RED = "#2a6f97", "#e07a1f", "#3a7d44", "#b23a48"
DARK, GRAY, PALE = "#22223b", "#8d99ae", "#e9ecef"


@functools.singledispatch
def draw(env: Any, axes: Any, state: Any) -> None:
    """Draw a state into empty axes of matplotlib.

    Parameters
    ----------
    env : Environment
        Other environments than those of xdl are drawn after ``draw.register(Class, function)``.
    axes : matplotlib.axes.Axes
        Where to draw.
    state : pytree of NumPy arrays
        State of one copy, without the leading axis.

    Raises
    ------
    TypeError
        If the environment is of a class that nobody has registered.
    """
    name = type(env).__name__
    message = (
        f"{name} has no picture: tell `draw.register({name}, function)`, function(env, axes, state) draws it"
    )
    raise TypeError(message)


def frames(env: Environment, states: Any) -> Any:
    """Pictures of states.

    Parameters
    ----------
    env : Environment
        One of xdl's, or another that `draw` has been told of.
    states : pytree
        States (n, ...), as `Running.state` has them, or those of a trajectory.

    Returns
    -------
    (n, 300, 400, 3) array of uint8
        NumPy array of red, green and blue.
    """
    known = tree.map(to_numpy, states)
    canvas = Canvas()
    pictures = []
    for k in range(tree.leaves(known)[0].shape[0]):
        draw(env, canvas.clear(), tree.map(lambda x: x[k, ...], known))  # noqa: B023
        pictures.append(canvas.pixels())
    return host().stack(pictures)


class Canvas:
    """A figure of 400 by 300 pixels without a window."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(4, 3), dpi=100)
        self._agg = FigureCanvasAgg(self.figure)
        self._axes = self.figure.add_axes((0.02, 0.02, 0.96, 0.88), xticks=[], yticks=[], frame_on=False)
        self.caption = self.figure.text(0.02, 0.94, "", fontsize=9, color=DARK)

    def clear(self) -> Any:
        """Axes without anything in them."""
        axes = self._axes
        # `axes.clear()` makes ticks anew, which takes longer than the picture
        for artist in [*axes.lines, *axes.patches, *axes.texts, *axes.images, *axes.collections]:
            artist.remove()
        return axes

    def pixels(self) -> Any:
        """What is seen, (300, 400, 3), of uint8."""
        self._agg.draw()
        xp = host()
        return xp.asarray(xp.asarray(self._agg.buffer_rgba())[..., :3], copy=True)


@draw.register
def _(env: CartPole, axes: Any, state: Any) -> None:
    from matplotlib.patches import Rectangle

    x, _, angle, _ = state.tolist()
    axes.plot([-2.9, 2.9], [0, 0], color=GRAY, lw=1.5)
    axes.vlines([-2.4, 2.4], -0.08, 0.08, color=GRAY, lw=1.5)  # beyond these it ends
    axes.add_patch(Rectangle((x - 0.25, -0.15), 0.5, 0.3, color=DARK, zorder=2))
    tip = [x, x + math.sin(angle)], [0.1, 0.1 + math.cos(angle)]
    axes.plot(*tip, color=ORANGE, lw=6, solid_capstyle="round", zorder=3)
    axes.plot(x, 0.1, "o", color=PALE, ms=5, zorder=4)
    axes.set(xlim=(-2.9, 2.9), ylim=(-1.2, 2.4), aspect="equal")


@draw.register
def _(env: MountainCar, axes: Any, state: Any) -> None:
    position, speed = state.tolist()
    height = lambda x: 0.45 * math.sin(3 * x)
    places = [-1.2 + 0.01 * k for k in range(181)]
    axes.fill_between(places, [height(x) for x in places], -0.6, color=PALE)
    axes.plot(places, [height(x) for x in places], color=GRAY, lw=1.5)
    axes.plot([0.5, 0.5], [height(0.5), height(0.5) + 0.25], color=DARK, lw=1.5)
    axes.fill([0.5, 0.5, 0.6], [height(0.5) + 0.25, height(0.5) + 0.15, height(0.5) + 0.2], color=GREEN)
    slope = math.atan(1.35 * math.cos(3 * position))
    center = position - 0.05 * math.sin(slope), height(position) + 0.05 * math.cos(slope)
    axes.plot(*center, "o", color=ORANGE, ms=13, zorder=3)
    ahead = center[0] + 3 * speed * math.cos(slope), center[1] + 3 * speed * math.sin(slope)
    axes.plot(*zip(center, ahead, strict=True), color=DARK, lw=1.5, zorder=4)  # as long as it is fast
    axes.set(xlim=(-1.25, 0.65), ylim=(-0.65, 0.8), aspect="equal")


@draw.register
def _(env: Pendulum, axes: Any, state: Any) -> None:
    angle = float(state[0])
    end = -math.sin(angle), math.cos(angle)
    axes.plot([0, 0], [1.05, 1.2], color=GREEN, lw=2)  # where it is to stand
    axes.plot([0, end[0]], [0, end[1]], color=ORANGE, lw=9, solid_capstyle="round")
    axes.plot(0, 0, "o", color=DARK, ms=7)
    axes.set(xlim=(-1.7, 1.7), ylim=(-1.25, 1.25), aspect="equal")


@draw.register
def _(env: Acrobot, axes: Any, state: Any) -> None:
    first, second = state[:2].tolist()
    elbow = math.sin(first), -math.cos(first)
    end = elbow[0] + math.sin(first + second), elbow[1] - math.cos(first + second)
    axes.axhline(1, color=GREEN, lw=1.5, ls="--")  # the end is to come above
    axes.plot([0, elbow[0]], [0, elbow[1]], color=BLUE, lw=7, solid_capstyle="round")
    axes.plot([elbow[0], end[0]], [elbow[1], end[1]], color=ORANGE, lw=7, solid_capstyle="round")
    axes.plot([0, elbow[0]], [0, elbow[1]], "o", color=DARK, ms=6)
    axes.set(xlim=(-2.9, 2.9), ylim=(-2.15, 2.15), aspect="equal")


@draw.register
def _(env: GridWorld, axes: Any, state: Any) -> None:
    from matplotlib.patches import Rectangle

    ends, (rows, columns) = dict(env.ends), env.shape
    for row, line in enumerate(env.grid):
        for column, letter in enumerate(line):
            shade = {"#": DARK, "S": "#dbe7ef"}.get(letter, "white")
            if letter in ends:
                shade = GREEN if ends[letter] > 0 else RED
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=shade, edgecolor=GRAY, lw=0.8))
    row, column = divmod(int(state), columns)
    axes.plot(
        column + 0.5, row + 0.5, "o", color=ORANGE, ms=min(120 / max(columns, 1.33 * rows), 30), zorder=3
    )
    axes.set(xlim=(-0.05, columns + 0.05), ylim=(rows + 0.05, -0.05), aspect="equal")


@draw.register
def _(env: EngagementChain, axes: Any, state: Any) -> None:
    levels = range(env.states)
    colors = [ORANGE if level == int(state) else PALE for level in levels]
    axes.bar(levels, [level + 1 for level in levels], color=colors, width=0.8)  # as high as they pay
    for level in levels:
        axes.text(level, -0.03 * env.states, level + 1, ha="center", va="top", fontsize=8, color=DARK)
    axes.set(xlim=(-0.7, env.states - 0.3), ylim=(-0.1 * env.states, env.states + 0.5))


@draw.register
def _(env: TabularEnvironment, axes: Any, state: Any) -> None:
    """States in rows of a square, since nothing is known of where they lie."""
    columns = math.ceil(math.sqrt(env.states))
    for k in range(env.states):
        row, column = divmod(k, columns)
        here = k == int(state)
        axes.plot(column, row, "s", color=ORANGE if here else PALE, ms=200 / (columns + 1))
        if env.states <= 100:
            axes.text(column, row, k, ha="center", va="center", fontsize=7, color=DARK)
    axes.set(xlim=(-0.7, columns - 0.3), ylim=(columns - 0.3, -0.7), aspect="equal")
