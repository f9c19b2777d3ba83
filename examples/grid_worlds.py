"""Walks through grids: what the price of a step changes, a way through the wind, and the same world learned.

The first world is that of Russell & Norvig (2010, section 17.1), where two steps in ten go aside; the second that of
example 6.5 of Sutton & Barto (2018), where columns in the middle blow upwards.

python examples/grid_worlds.py                                                    # NumPy: values and ways
python examples/grid_worlds.py --plot grid_worlds.png --animation grid_world.gif  # arrows, and a walk
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import rl

ROOMS = "...G .#.X S..."
FIELD = ".......... .......... .......... S......G.. .......... .......... .........."
WIND = (0, 0, 0, 1, 1, 1, 2, 2, 1, 0)
PRICES = (0.04, 2.0)
EPSILONS = (0.3, 0.1, 0.02)
ARROWS = "←↓→↑"
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # right and down, of each action
COLORS = ("#2a6f97", "#e07a1f", "#3a7d44")


def rooms(price: float) -> Any:
    return rl.GridWorld(ROOMS, step=-price, slip=0.2)


def planned(world: Any) -> tuple[Any, Any]:
    """Values and best actions of all cells; the state after them, in which episodes end, is left out."""
    plan = rl.value_iteration(world.mdp(1.0), tol=1e-8)
    return tuple(xdl.to_numpy(a)[:-1].reshape(world.shape) for a in (plan.value, plan.policy))


def windy() -> tuple[Any, list[int]]:
    """The field, and the cells of the shortest way through it."""
    world = rl.GridWorld(FIELD, ends={"G": 0.0}, step=-1.0, wind=WIND)
    _, policy = planned(world)
    best = xdl.asarray(policy.ravel(), like=world.alias)
    xp = xdl.array_namespace(best)
    noise = xp.zeros((1, 1), dtype=world.cumulative.dtype)
    state, over, way = world.reset(noise), False, []
    while not over:
        way.append(int(state[0]))
        state, _, ended = world.step(state, xp.take(best, state), noise)
        over = bool(ended[0])
    return world, [*way, int(state[0])]


def learned(agents: int, steps: int, seed: int) -> dict[float, Any]:
    """Steps and mean returns (records, agents) of Q-learning, for each share of random actions."""
    world, key = rooms(PRICES[0]), xdl.random.key(seed)
    found = {}
    for epsilon in EPSILONS:
        method = rl.QLearning(discount=1.0, exploration=rl.EpsilonGreedy(epsilon))
        result = rl.train_tabular(method, world, key, steps=steps, agents=agents, records=40)
        found[epsilon] = (np.asarray(result.steps), np.asarray(result.returns))
    return found


def cells(ax: Any, world: Any) -> None:
    """Walls, goals and traps."""
    shades = {"#": "#22223b", "G": "#3a7d44", "X": "#b23a48", "S": "#dbe7ef", ".": "white"}
    for row, line in enumerate(world.grid):
        for column, letter in enumerate(line):
            box = (column - 0.5, row - 0.5), 1, 1
            ax.add_patch(Rectangle(*box, facecolor=shades[letter], edgecolor="#8d99ae", lw=0.6))
    rows, columns = world.shape
    ax.set(xlim=(-0.52, columns - 0.48), ylim=(rows - 0.48, -0.52), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def draw(found: dict[float, Any], path: Path) -> None:
    """Best ways at two prices and through the wind; returns while learning."""
    figure = Figure(figsize=(15, 3.4), layout="constrained")
    *maps, wind, curve = figure.subplots(1, 4, width_ratios=(1, 1, 1.35, 1.35))
    for ax, price in zip(maps, PRICES, strict=True):
        world = rooms(price)
        value, policy = planned(world)
        cells(ax, world)
        for (row, column), action in np.ndenumerate(policy):
            if world.grid[row][column] in ".S":
                right, down = MOVES[action]
                ax.text(
                    column, row + 0.42, f"{value[row, column]:.2f}", ha="center", fontsize=8, color="#495057"
                )
                ends = [(column + k * 0.24 * right, row - 0.08 + k * 0.24 * down) for k in (1, -1)]
                ax.annotate("", *ends, arrowprops={"arrowstyle": "-|>", "color": COLORS[0], "lw": 1.8})
        ax.set_title(f"a step costs {price:g}", loc="left")

    world, way = windy()
    cells(wind, world)
    rows, columns = np.divmod(way, world.shape[1])
    wind.plot(columns, rows, "-o", color=COLORS[1], lw=1.8, ms=4)
    for column, strength in enumerate(WIND):
        wind.text(column, 6.95, "↑" * strength, ha="center", fontsize=9, color="#8d99ae")
    wind.set_ylim(7.1, -0.52)
    wind.set_title(f"{len(way) - 1} steps through the wind", loc="left")

    for (epsilon, (steps, returns)), color in zip(found.items(), COLORS, strict=True):
        low, middle, high = np.nanquantile(returns, [0.25, 0.5, 0.75], axis=1)
        curve.fill_between(steps, low, high, color=color, alpha=0.2, lw=0)
        curve.plot(steps, middle, color=color, lw=1.5, label=f"$\\epsilon$ = {epsilon:g}")
    curve.axhline(planned(rooms(PRICES[0]))[0][2, 0], color="black", lw=0.8, ls=":", label="best possible")
    curve.set(xlabel="steps of each learner", ylabel="return of an episode", ylim=(-0.6, 0.8))
    curve.set_title("Q-learning in the first world", loc="left")
    curve.legend(frameon=False, fontsize=8, loc="lower right")
    curve.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--agents", type=int, default=100, help="learners")
    parser.add_argument("--steps", type=int, default=6000, help="steps of each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plot", nargs="?", const="grid_worlds.png", type=Path, help="draw a figure into this file"
    )
    parser.add_argument("--animation", type=Path, help="write a walk by the best way into this file, a GIF")
    options = parser.parse_args(arguments)
    for name in ("plot", "animation"):
        path = getattr(options, name)
        if path and not path.absolute().parent.is_dir():
            parser.error(f"--{name}: there is no folder {path.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    with xdl.use_backend(backend):
        for price in PRICES:
            world = rooms(price)
            value, policy = planned(world)
            print(f"a step costs {price:g}")
            for row, line in enumerate(world.grid):
                signs = [
                    ARROWS[a] if letter in ".S" else letter
                    for a, letter in zip(policy[row], line, strict=True)
                ]
                print(f"   {' '.join(signs)}     {' '.join(f'{v:6.3f}' for v in value[row])}")
        print(f"through the wind: {len(windy()[1]) - 1} steps")
        found = learned(options.agents, options.steps, options.seed)
        for epsilon, (_, returns) in found.items():
            print(f"Q-learning, epsilon {epsilon:4.2f}: return {np.nanmean(returns[-5:]):6.3f} at the end")
        if options.plot:
            draw(found, options.plot)
            print(f"figure: {options.plot}")
        if options.animation:
            world = rooms(PRICES[0])
            best = xdl.asarray(planned(world)[1].ravel(), like=world.alias)
            walk = lambda cell: xdl.array_namespace(cell).take(best, cell)
            total = rl.animate(world, walk, xdl.random.key(options.seed), options.animation)
            print(f"animation: {options.animation}, return {total:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
