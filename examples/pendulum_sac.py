"""Swing a pendulum up and hold it there: soft actor-critic, for a motor too weak to lift it in one go.

python examples/pendulum_sac.py                                       # NumPy: returns of one run
python examples/pendulum_sac.py --plot sac.png --animation sac.gif    # the curve, the policy, an episode
python examples/pendulum_sac.py --backend jax --steps 20000 --seeds 5 # five runs, compiled
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

ENV = rl.Pendulum()
BLUE, ORANGE = "#2a6f97", "#e07a1f"


def swings(result: rl.TrainResult, angles: tuple[float, ...]) -> Any:
    """States (steps, angles, 2) of episodes of the policy that begin at rest."""
    key = xdl.random.key(0)
    states = [xdl.asarray([[angle, 0.0] for angle in angles], like=xdl.random.uniform(key, (1,)))]
    noise = xdl.random.uniform(key, (len(angles), ENV.step_noise))
    for _ in range(ENV.max_steps):
        action = result.policy(ENV.observe(states[-1]))
        states.append(ENV.step(states[-1], action, noise)[0])
    return np.stack([xdl.to_numpy(state) for state in states])


def torques(result: rl.TrainResult, angle: Any, velocity: Any) -> Any:
    """Torque (velocities, angles) of the policy."""
    state = np.stack(np.meshgrid(angle, velocity), axis=-1).reshape(-1, 2).astype(np.float32)
    like = xdl.random.uniform(xdl.random.key(0), (1,))
    action = result.policy(ENV.observe(xdl.asarray(state, like=like)))
    return xdl.to_numpy(action).reshape(len(velocity), len(angle))


def draw(results: tuple[rl.TrainResult, ...], path: Path) -> None:
    """Returns against steps; torque over angle and velocity, and how the pendulum moves there."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    for result in results:
        left.plot(result.episodes.step, result.episodes.returns, ".", color=BLUE, alpha=0.25, ms=4)
    step = results[0].evaluations.step
    evaluated = np.stack([result.evaluations.returns.mean(axis=-1) for result in results])
    band = rl.interquartile(evaluated, step)
    if len(results) > 1:
        left.fill_between(band.step, band.low, band.high, color=ORANGE, alpha=0.25, lw=0)
    left.plot(band.step, band.interquartile_mean, color=ORANGE, lw=2, label="without exploration")
    left.plot([], [], ".", color=BLUE, label="episodes while learning")
    left.set(xlabel="steps", ylabel="return of an episode")
    left.set_title("learning", loc="left")
    left.legend(frameon=False, loc="lower right")
    left.spines[["top", "right"]].set_visible(False)

    angle, velocity = np.linspace(-np.pi, np.pi, 181), np.linspace(-8, 8, 161)
    shown = right.pcolormesh(
        angle, velocity, torques(results[0], angle, velocity), cmap="RdBu_r", vmin=-2, vmax=2
    )
    figure.colorbar(shown, ax=right, label="torque / N m")
    for states in np.swapaxes(swings(results[0], (np.pi - 0.01, -2.0, 1.2)), 0, 1):
        for turn in 2 * np.pi * np.arange(-2, 3):  # what leaves on one side comes in on the other
            right.plot(states[:, 0] + turn, states[:, 1], color="black", lw=1.2)
            right.plot(states[0, 0] + turn, states[0, 1], "o", color="black", ms=4)
    right.set(xlabel="angle, 0 where it stands", ylabel="velocity / (rad/s)", xlim=(-np.pi, np.pi))
    right.set_xticks([-np.pi, 0, np.pi], ["$-\\pi$", "0", "$\\pi$"])
    right.set_title("the policy, and three episodes", loc="left")
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seeds", type=int, default=1, help="number of runs")
    parser.add_argument("--first", type=int, default=0, help="seed of the first run")
    parser.add_argument("--episodes", type=int, default=100, help="episodes of the last evaluation")
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 64], help="hidden layers")
    parser.add_argument(
        "--plot", nargs="?", const="pendulum_sac.png", type=Path, help="draw a figure into this file"
    )
    parser.add_argument(
        "--animation", nargs="?", const="pendulum_sac.gif", type=Path, help="write an episode into this GIF"
    )
    options = parser.parse_args(arguments)
    for name in ("plot", "animation"):
        path = getattr(options, name)
        if path and not path.absolute().parent.is_dir():
            parser.error(f"--{name}: there is no folder {path.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    algorithm = rl.SAC(rate=1e-3, batch=128, capacity=options.steps, hidden=tuple(options.hidden))
    evaluation = rl.Evaluation(every=1000, episodes=10)
    with xdl.use_backend(backend):
        results = []
        for seed in range(options.first, options.first + options.seeds):
            result = rl.train(
                algorithm, ENV, seed, steps=options.steps, evaluate=evaluation, progress=sys.stderr.isatty()
            )
            returns = result.evaluate(ENV, xdl.random.key(1000 + seed), episodes=options.episodes).returns
            spread = returns.std() / len(returns) ** 0.5
            seconds = result.measures["seconds"][-1]
            print(
                f"seed {seed}: mean return {returns.mean():.1f} +- {spread:.1f} of {len(returns)} episodes "
                f"after {result.steps} steps, {seconds:.0f} s"
            )
            results.append(result)
        if options.plot:
            draw(tuple(results), options.plot)
            print(f"figure: {options.plot}")
        if options.animation:
            rl.animate(ENV, results[0].policy, xdl.random.key(1), options.animation)
            print(f"animation: {options.animation}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
