"""Balance a pole by deep Q-learning: return curves with a band of several seeds, and the policy as an animation.

python examples/cartpole_dqn.py                                     # NumPy, two seeds of 10,000 steps
python examples/cartpole_dqn.py --seeds 10 --steps 59904            # until CartPole-v1 counts as solved
python examples/cartpole_dqn.py --seeds 10 --steps 59904 --backend jax

The mean return that is printed is that of 100 episodes of the policy at the end of the run, without exploration.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    import numpy as np
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import optim, rl

SOLVED = 475  # mean return of 100 episodes from which on CartPole-v1 counts as solved
EPISODES = 100
ROUND = 256  # steps between updates: a policy acts for long before it changes
BLUE, GRAY = "#2a6f97", "#8d99ae"


def settings(steps: int) -> rl.DQN:
    """Rounds and first rate of RL Baselines3 Zoo for this task, and what makes the last policy a good one.

    Values grow to 100, far from where they begin: rewards of three steps carry them there sooner, and the square of
    an error does not count large ones less, as Huber's loss does. The rate falls to zero, so that they come to rest.
    """
    return rl.DQN(
        hidden=(128, 128),
        rate=optim.linear_schedule(2.3e-3, 0.0, max(steps // 2, 1)),
        batch=128,
        capacity=100_000,
        learning_starts=1000,
        rollout=ROUND,
        updates=ROUND // 2,
        target_every=ROUND,
        epsilon=optim.linear_schedule(1.0, 0.04, 8000),
        double=True,
        n_step=3,
        head=rl.ExpectedHead("squared"),
        max_norm=10.0,
    )


def learn(seed: int, options: argparse.Namespace) -> tuple[rl.TrainResult, float]:
    """One run, and how well its policy does in the end."""
    key, start = xdl.random.key(seed), time.perf_counter()
    every = 8 * ROUND
    result = rl.train(
        settings(options.steps),
        rl.CartPole(),
        key,
        steps=options.steps,
        window=every,
        evaluate=rl.Evaluation(every=every, episodes=20, seed=seed),
        progress=options.progress,
    )
    found = result.evaluate(rl.CartPole(), xdl.random.fold_in(key, 1), episodes=EPISODES)
    mean = float(np.mean(found.returns))
    print(
        f"seed {seed}  {result.steps:6d} steps  return of {EPISODES} episodes {mean:6.1f}, "
        f"the least {float(np.min(found.returns)):6.1f}  ({time.perf_counter() - start:.0f} s)",
        flush=True,
    )
    return result, mean


def draw(results: list[rl.TrainResult], path: Path) -> None:
    """Returns of episodes that explore, and of evaluations that do not."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    evaluations = np.stack([np.mean(result.evaluations.returns, axis=1) for result in results])
    bands = (
        (left, "episodes while learning, exploring", rl.return_band(results)),
        (right, "policy, evaluated", rl.interquartile(evaluations, results[0].evaluations.step)),
    )
    for ax, title, band in bands:
        for curve in band.curves:
            ax.plot(band.step, curve, color=GRAY, lw=0.7, alpha=0.6)
        ax.fill_between(band.step, band.low, band.high, color=BLUE, alpha=0.2, lw=0, label="quartiles")
        ax.plot(band.step, band.interquartile_mean, color=BLUE, lw=1.8, label="mean of the middle half")
        ax.axhline(SOLVED, color=GRAY, ls=":", lw=1)
        ax.set(xlabel="steps", xlim=(0, None), ylim=(0, 510))
        ax.set_title(title, loc="left")
        ax.spines[["top", "right"]].set_visible(False)
    left.set_ylabel("return of an episode")
    left.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--steps", type=int, default=10_000, help="steps of a run")
    parser.add_argument("--seeds", type=int, default=2, help="number of runs")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first run")
    parser.add_argument("--progress", action="store_true", help="show progress bars")
    parser.add_argument("--plot", type=Path, default=Path("cartpole_dqn.png"), help="file of the figure")
    parser.add_argument(
        "--animation", type=Path, default=Path("cartpole_dqn.gif"), help="file of the best policy's episode"
    )
    options = parser.parse_args(arguments)
    for name in ("plot", "animation"):
        folder = getattr(options, name).absolute().parent
        if not folder.is_dir():
            parser.error(f"--{name}: there is no folder {folder}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    with xdl.use_backend(backend):
        runs = [learn(seed, options) for seed in range(options.seed, options.seed + options.seeds)]
        results, means = zip(*runs, strict=True)
        print(f"{sum(mean >= SOLVED for mean in means)} of {len(means)} at least {SOLVED}")
        draw(list(results), options.plot)
        policy = results[int(np.argmax(means))].policy
        rl.animate(rl.CartPole(), policy, xdl.random.key(0), options.animation, max_steps=150, fps=30)
    print(f"figure: {options.plot}, animation: {options.animation}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
