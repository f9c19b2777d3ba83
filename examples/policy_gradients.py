"""Policies learned by the gradient of the return: REINFORCE, A2C and PPO balance a pole, PPO swings up a pendulum.

python examples/policy_gradients.py                                        # 2 seeds of 50,000 steps, on NumPy
python examples/policy_gradients.py --plot policy_gradients.png            # and return curves
python examples/policy_gradients.py --only PPO --steps 200000 --seeds 10   # as published curves have it
python examples/policy_gradients.py --only PPO --gymnasium --seeds 1       # in gymnasium's own CartPole
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
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import rl

SOLVED = 475  # mean return of 100 episodes from which on CartPole-v1 counts as solved
EPISODES = 100
COLORS = {"REINFORCE": "#e07a1f", "A2C": "#3a7d44", "PPO": "#2a6f97", "PPO, pendulum": "#2a6f97"}


def tasks(steps: int, gymnasium: bool) -> dict[str, tuple[Any, Any]]:
    """Algorithms and environments by name."""
    pole: Any = "CartPole-v1" if gymnasium else rl.CartPole()
    # a torque pays off within a second: a short horizon, more passes, and values that are free to move
    swing = rl.PPO(
        rate=1e-3,
        discount=0.9,
        rollout=256,
        epochs=10,
        minibatches=16,
        entropy_weight=0.0,
        value_clip=None,
        anneal=steps,
    )
    return {
        "REINFORCE": (rl.REINFORCE(), pole),
        "A2C": (rl.A2C(), pole),
        # four times CleanRL's rate, which is meant for 500,000 steps
        "PPO": (rl.PPO(rate=1e-3, anneal=steps), pole),
        "PPO, pendulum": (swing, "Pendulum-v1" if gymnasium else rl.Pendulum()),
    }


def learn(name: str, algorithm: Any, env: Any, options: argparse.Namespace) -> Any:
    """Runs of all seeds; prints how well each policy does without exploration."""
    results, means = [], []
    for seed in range(options.seed, options.seed + options.seeds):
        key = xdl.random.key(seed)
        result = rl.train(algorithm, env, key, steps=options.steps, progress=options.progress)
        arena = rl.GymnasiumEnvironment(env, 10) if isinstance(env, str) else env
        found = result.evaluate(arena, xdl.random.fold_in(key, 1), episodes=EPISODES)
        means.append(float(np.mean(found.returns)))
        print(
            f"{name:14s} seed {seed}  {result.steps:7d} steps  return of {EPISODES} episodes "
            f"{means[-1]:8.1f}, the least {float(np.min(found.returns)):8.1f}",
            flush=True,
        )
        results.append(result)
    solved = f", {sum(mean >= SOLVED for mean in means)} of {len(means)} at least {SOLVED}"
    print(f"{name:14s} mean {np.mean(means):.1f}{'' if 'pendulum' in name else solved}", flush=True)
    return results


def draw(found: dict[str, Any], path: Path) -> None:
    """One panel for each task that was run."""
    tasks = [
        (title, names)
        for title, pendulum in (("a pole to be balanced", False), ("a pendulum to be swung up", True))
        if (names := [name for name in found if ("pendulum" in name) == pendulum])
    ]
    figure = Figure(figsize=(3 + 4 * len(tasks), 4.4), layout="constrained")
    panels = figure.subplots(1, len(tasks), squeeze=False, width_ratios=(3, 2)[: len(tasks)])
    for ax, (title, names) in zip(panels[0], tasks, strict=True):
        for name in names:
            band = rl.return_band(found[name])
            ax.fill_between(band.step, band.low, band.high, color=COLORS[name], alpha=0.2, lw=0)
            ax.plot(band.step, band.interquartile_mean, color=COLORS[name], lw=1.6, label=name)
        if "pole" in title:
            ax.axhline(SOLVED, color="#8d99ae", ls=":", lw=1, label="solved")
            ax.set_ylim(0, 510)
            ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.0, 0.93))
        ax.set(xlabel="steps", xlim=(0, None))
        ax.set_title(title, loc="left")
        ax.spines[["top", "right"]].set_visible(False)
    panels[0, 0].set_ylabel("return of an episode")
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--steps", type=int, default=50_000, help="steps of all copies together")
    parser.add_argument("--seeds", type=int, default=2, help="number of runs")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first run")
    parser.add_argument("--only", nargs="+", choices=tuple(COLORS), default=list(COLORS), help="what to run")
    parser.add_argument("--gymnasium", action="store_true", help="learn in gymnasium's environments")
    parser.add_argument("--progress", action="store_true", help="show progress bars")
    parser.add_argument(
        "--plot", nargs="?", const="policy_gradients.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    with xdl.use_backend(backend):
        every = tasks(options.steps, options.gymnasium)
        found = {name: learn(name, *every[name], options) for name in options.only}
    if options.plot:
        draw(found, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
