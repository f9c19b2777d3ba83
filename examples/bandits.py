"""Bandits: how soon methods find the best of ten arms, and what they lose until then.

The first bandits are the 2,000 of the ten-armed testbed (Sutton & Barto 2018, section 2.3). The second has arms that
seldom pay (Garivier & Cappé 2011, section 4); there the regret is compared with the bound of Lai and Robbins.

python examples/bandits.py                                    # NumPy: two tables
python examples/bandits.py --backend jax --plot bandits.png   # compiled, and drawn
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    import numpy as np
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import rl

SELDOM = (0.1, 0.05, 0.05, 0.05, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01)
TESTBED = {
    "greedy": rl.ActionValues(rl.EpsilonGreedy(0.0)),
    "$\\epsilon$ = 0.01": rl.ActionValues(rl.EpsilonGreedy(0.01)),
    "$\\epsilon$ = 0.1": rl.ActionValues(rl.EpsilonGreedy(0.1)),
    "optimistic": rl.ActionValues(rl.EpsilonGreedy(0.0), rate=0.1, initial=5.0),
    "gradient": rl.GradientBandit(0.1),
    "upper confidence": rl.ActionValues(rl.UpperConfidence(1.0)),
    "Thompson": rl.GaussianThompson(),
}
COINS = {
    "UCB1": rl.ActionValues(rl.UpperConfidence(2**0.5)),
    "$\\epsilon$ falls": rl.ActionValues(rl.EpsilonGreedy(lambda t: 400 / (400 + t))),
    "KL-UCB": rl.KLUCB(),
    "Thompson": rl.BetaThompson(),
}
COLORS = ("#8d99ae", "#9ecae1", "#2a6f97", "#c9a227", "#3a7d44", "#e07a1f", "#7b2d8b")


def testbed(bandits: int, steps: int, seed: int) -> dict[str, tuple[Any, Any]]:
    """Mean reward, and how many pull the best arm (steps,), of each method."""
    keys = xdl.random.split(xdl.random.key(seed), 2)
    bandit = rl.GaussianBandit(xdl.random.normal(keys[0, ...], (bandits, 10)))
    found = {}
    for name, method in TESTBED.items():
        played = rl.run_bandit(method, bandit, keys[1, ...], steps=steps)
        found[name] = tuple(
            xdl.to_numpy(x).mean(axis=-1, dtype=float) for x in (played.reward, played.optimal)
        )
    return found


def coins(seeds: int, steps: int, seed: int) -> tuple[dict[str, Any], float]:
    """Pseudo-regret (steps, seeds) of each method, and the factor of the logarithm in the bound."""
    key = xdl.random.key(seed)
    bandit = rl.BernoulliBandit(xdl.asarray(SELDOM, like=xdl.random.uniform(key, (1,))))
    found = {
        name: xdl.to_numpy(rl.run_bandit(method, bandit, key, steps=steps, seeds=seeds).pseudo_regret)
        for name, method in COINS.items()
    }
    return found, float(bandit.lower_bound())


def draw(first: dict[str, Any], second: dict[str, Any], factor: float, path: Path) -> None:
    """Rewards and best arms against steps; regret against the logarithm of the steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for (name, (reward, optimal)), color in zip(first.items(), COLORS, strict=True):
        smooth = lambda x: np.convolve(x, np.ones(5) / 5, mode="valid")
        left.plot(np.arange(3, len(reward) - 1), smooth(reward), color=color, lw=1.2, label=name)
        middle.plot(np.arange(3, len(reward) - 1), 100 * smooth(optimal), color=color, lw=1.2)
    best = 1.5388  # mean of the largest of ten standard normal numbers
    left.axhline(best, color="black", lw=0.8, ls=":")
    left.text(5, best + 0.01, "best arm", fontsize=8, va="bottom")
    left.set(xlabel="steps", ylabel="mean reward", ylim=(0, 1.7))
    left.set_title("ten normal arms", loc="left")
    left.legend(frameon=False, fontsize=8, loc="lower right")
    middle.set(xlabel="steps", ylabel="best arm / %", ylim=(0, 100))
    middle.set_title("the same: how often the best is pulled", loc="left")

    for (name, regret), color in zip(
        second.items(), ("#2a6f97", "#8d99ae", "#e07a1f", "#7b2d8b"), strict=True
    ):
        steps = np.arange(1, len(regret) + 1)
        low, high = np.quantile(regret, [0.25, 0.75], axis=1)
        right.fill_between(steps, low, high, color=color, alpha=0.2, lw=0)
        right.plot(steps, regret.mean(axis=1), color=color, lw=1.5, label=name)
    right.plot(steps, factor * np.log(steps), color="black", ls="--", lw=1, label="slope of Lai and Robbins")
    top = 1.5 * factor * np.log(len(steps))
    right.set(xlabel="steps", ylabel="regret", xscale="log", xlim=(10, len(steps)), ylim=(0, top))
    right.set_title("ten arms that seldom pay", loc="left")
    right.legend(frameon=False, fontsize=8, loc="upper left")
    for ax in (left, middle, right):
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--bandits", type=int, default=2000, help="bandits of the testbed")
    parser.add_argument("--steps", type=int, default=1000, help="steps of each")
    parser.add_argument("--seeds", type=int, default=100, help="runs of the other bandit")
    parser.add_argument("--long", type=int, default=10_000, help="steps of each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plot", nargs="?", const="bandits.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    with xdl.use_backend(backend):
        first = testbed(options.bandits, options.steps, options.seed)
        second, factor = coins(options.seeds, options.long, options.seed)
    plain = lambda name: name.replace("$\\epsilon$", "epsilon")
    print(f"{'ten normal arms':20s} {'reward':>8s} {'best arm':>9s}   (mean of the last steps)")
    for name, (reward, optimal) in first.items():
        last = slice(-max(1, options.steps // 20), None)
        print(f"{plain(name):20s} {reward[last].mean():8.3f} {optimal[last].mean():9.1%}")
    print(f"{'arms that seldom pay':20s} {'regret':>8s}")
    for name, regret in second.items():
        print(f"{plain(name):20s} {regret[-1].mean():8.1f}")
    print(f"{'Lai and Robbins':20s} {factor * np.log(options.long):8.1f}")
    if options.plot:
        draw(first, second, factor, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
