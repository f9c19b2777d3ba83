"""Balance a pole by deep Q-learning and by what became of it: each improvement alone, and all of them as Rainbow.

python examples/dqn_variants.py --plot                               # NumPy, 8,000 steps, two seeds
python examples/dqn_variants.py --seeds 10 --steps 30000 --plot      # curves with bands that mean something
python examples/dqn_variants.py --variants C51 Rainbow --backend torch
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    import numpy as np
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import optim, rl

SETTINGS: dict[str, Any] = {
    "hidden": (64, 64),
    "rate": 2e-3,
    "batch": 64,
    "learning_starts": 500,
    "copies": 4,
    "rollout": 1,
    "tau": 0.05,
}
RANDOM: dict[str, Any] = {"epsilon": optim.linear_schedule(1.0, 0.04, 2000)}
MEAN: dict[str, Any] = {
    "head": rl.ExpectedHead("squared")
}  # values grow to 100, where Huber's loss is too tolerant
ATOMS = rl.CategoricalHead(51, 0.0, 100.0)  # returns of at most 1 / (1 - discount)

VARIANTS = {
    "DQN": rl.DQN(**SETTINGS, **RANDOM, **MEAN),
    "double": rl.DQN(**SETTINGS, **RANDOM, **MEAN, double=True),
    "dueling": rl.DQN(**SETTINGS, **RANDOM, **MEAN, dueling=True),
    "prioritized": rl.DQN(**SETTINGS, **RANDOM, **MEAN, prioritized=0.5),
    "3 steps": rl.DQN(**SETTINGS, **RANDOM, **MEAN, n_step=3),
    "C51": rl.DQN(**SETTINGS, **RANDOM, head=ATOMS),
    "quantiles": rl.DQN(**SETTINGS, **RANDOM, head=rl.QuantileHead(25)),
    "noisy": rl.DQN(**SETTINGS, **MEAN, epsilon=0.0, noisy=True),
    "Rainbow": rl.Rainbow(**SETTINGS, head=ATOMS),
}
BLUE, GRAY = "#2a6f97", "#8d99ae"


def learn(name: str, seeds: int, steps: int) -> tuple[Any, float]:
    """Band of returns, and steps in a second."""
    begun = time.perf_counter()
    runs = rl.train_seeds(VARIANTS[name], rl.CartPole(), range(seeds), steps=steps, progress=False)
    return rl.return_band(runs, points=100), seeds * steps / (time.perf_counter() - begun)


def draw(bands: dict[str, Any], path: Path) -> None:
    """One panel for each variant, with the first one behind it."""
    columns = min(len(bands), 3)
    rows = -(-len(bands) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.3 * rows + 0.3), layout="constrained")
    axes = np.ravel(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False))
    first, reference = next(iter(bands.items()))
    for ax, (name, band) in zip(axes, bands.items(), strict=False):
        if name != first:
            ax.plot(reference.step, reference.interquartile_mean, color=GRAY, lw=1.2, label=first)
        ax.plot(band.step, band.interquartile_mean, color=BLUE, lw=1.8, label=name)
        ax.fill_between(band.step, band.low, band.high, color=BLUE, alpha=0.2, lw=0)
        ax.set_title(name, loc="left")
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="0.92")
    axes[0].set_ylim(bottom=0)  # last: it fixes the upper end of all panels, too
    for ax in axes[len(bands) :]:
        ax.set_visible(False)
    if len(bands) > 1:
        axes[1].legend(frameon=False, fontsize=8, loc="upper left")
    seeds = reference.curves.shape[0]
    figure.supxlabel("steps", fontsize=10)
    figure.supylabel("return, mean of 20 episodes", fontsize=10)
    figure.suptitle(f"CartPole: middle half of {seeds} seeds and their quartiles", fontsize=11)
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=2, help="runs of each variant")
    parser.add_argument("--steps", type=int, default=8_000, help="steps of each run")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="NAME")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument(
        "--plot", nargs="?", const="dqn_variants.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    if options.seeds < 1 or options.steps < SETTINGS["learning_starts"]:
        parser.error(
            f"--seeds must be at least 1, and --steps {SETTINGS['learning_starts']}, where learning starts"
        )
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    bands = {}
    with xdl.use_backend(backend):
        print(f"{'variant':12} {'best return':>12} {'last return':>12} {'steps/s':>9}")
        for name in options.variants:
            bands[name], speed = learn(name, options.seeds, options.steps)
            curve = bands[name].interquartile_mean
            print(f"{name:12} {np.nanmax(curve):12.1f} {curve[-1]:12.1f} {speed:9.0f}", flush=True)
    if options.plot:
        draw(bands, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
