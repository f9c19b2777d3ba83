"""Plan: when to promote a customer's engagement, how to cross a frozen lake, and how fast planners converge.

python examples/planning.py                                       # NumPy: tables
python examples/planning.py --backend torch --plot planning.png   # policies, values with arrows, residuals
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    import gymnasium
    import numpy as np
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import rl

SWEEPS = 100
COSTS = np.linspace(0.0, 1.6, 65)
ARROWS = {0: (-1, 0), 1: (0, -1), 2: (1, 0), 3: (0, 1)}  # left, down, right, up
BLUE, ORANGE, GREEN, GRAY = "#2a6f97", "#e07a1f", "#3a7d44", "#8d99ae"


def promotions() -> Any:
    """Best action (costs, levels) of the engagement chain for each price of promotion."""
    return np.stack([xdl.to_numpy(rl.policy_iteration(rl.engagement_chain(cost)).policy) for cost in COSTS])


def lake(name: str) -> tuple[Any, Any, Any]:
    """Letters of the map, values and policy of a slippery frozen lake."""
    env = gymnasium.make("FrozenLake-v1", map_name=name)
    letters = env.unwrapped.desc.astype(str)
    plan = rl.value_iteration(rl.mdp_from_gymnasium(env, discount=0.99), tol=1e-8)
    return letters, *(xdl.to_numpy(a)[:-1].reshape(letters.shape) for a in (plan.value, plan.policy))


def residuals() -> dict[str, Any]:
    """Largest error of the values after each sweep, of planners on a random process."""
    double = rl.engagement_chain().reward.dtype  # where it exists
    mdp = rl.random_mdp(xdl.random.key(1), 60, 4, discount=0.95, branching=5, dtype=double)
    best = rl.policy_iteration(mdp).value
    xp = xdl.array_namespace(best)
    found: dict[str, list[float]] = {}
    for name, plan in (
        ("value iteration", rl.value_iteration),
        ("Gauss-Seidel", rl.gauss_seidel_value_iteration),
        ("modified policy iteration (10)", rl.modified_policy_iteration),
    ):
        runs = [plan(mdp, max_sweeps=k, tol=1e-12) for k in range(1, SWEEPS)]
        found[name] = [float(xp.max(xp.abs(best))), *(float(xp.max(xp.abs(r.value - best))) for r in runs)]
    return found


def draw(path: Path) -> None:
    """Policies against the price, a lake with arrows, errors against sweeps."""
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.5, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.05, 1.15))

    left.pcolormesh(
        COSTS, np.arange(1, 11), promotions().T, cmap=ListedColormap(["#e9ecef", BLUE]), vmin=0, vmax=1
    )
    left.set(xlabel="price of promotion $\\kappa$", ylabel="engagement", yticks=range(1, 11))
    left.set_title("promote where blue", loc="left")

    letters, value, policy = lake("8x8")
    image = middle.imshow(value, cmap="YlGnBu")
    figure.colorbar(image, ax=middle, shrink=0.85, label="value")
    for (i, j), letter in np.ndenumerate(letters):
        if letter in "HG":
            middle.text(
                j, i, {"H": "hole", "G": "goal"}[letter], ha="center", va="center", fontsize=8, color=GRAY
            )
            continue
        dx, dy = ARROWS[int(policy[i, j])]
        color = "white" if value[i, j] > 0.55 * value.max() else "#14213d"
        middle.annotate(
            "",
            (j + 0.3 * dx, i - 0.3 * dy),
            (j - 0.3 * dx, i + 0.3 * dy),
            arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.2},
        )
    middle.set(xticks=[], yticks=[])
    middle.set_title("the slippery lake: best way and its value", loc="left")

    for (name, errors), color in zip(residuals().items(), (BLUE, ORANGE, GREEN), strict=True):
        right.semilogy(errors, color=color, label=name)
    right.semilogy(errors[0] * 0.95 ** np.arange(SWEEPS), ":", color=GRAY, label="discount per sweep")
    right.set(xlabel="sweeps", ylabel="largest error of a value", ylim=(1e-9, None))
    right.set_title("planners on a random process", loc="left")
    right.legend(frameon=False, fontsize=8)
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def report() -> None:
    """Print the chain's values at a price of 1/2, and what the lakes are worth."""
    plan = rl.value_iteration(rl.engagement_chain(0.5))
    print("engagement  " + " ".join(f"{k:>7d}" for k in range(1, 11)))
    print("promote     " + " ".join(f"{('no', 'yes')[int(a)]:>7}" for a in xdl.to_numpy(plan.policy)))
    print("value       " + " ".join(f"{v:7.3f}" for v in xdl.to_numpy(plan.value)))
    for name in ("4x4", "8x8"):
        _, value, _ = lake(name)
        print(f"lake {name}    {value[0, 0]:.4f} from the start, discount 0.99")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument(
        "--plot", nargs="?", const="planning.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    with xdl.use_backend(backend):
        report()
        if options.plot:
            draw(options.plot)
            print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
