"""The noise of stochastic gradients: one of five losses at a time, drawn at random, against their mean.

The losses are C_i = c_i (x_1 - x_i1)^2 + (x_2 - x_i2)^2, the rate .01, the start (6, 6) (Liquet, Moka & Nazarathy,
2024, figure 4.3). With a constant rate the points end as a cloud about the minimum, larger the smaller the batch;
with a rate that falls as 1 / t the cloud shrinks.

python examples/sgd_noise.py --plot sgd_noise.png
"""

import argparse
import sys
from pathlib import Path
from typing import Any

try:
    import numpy as np
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import optim

CENTERS = ((5.0, 2.0), (2.0, 4.5), (3.0, 1.0), (1.0, 2.5), (4.0, 4.0))
WEIGHTS = (1.0, 3.0, 0.5, 2.0, 0.8)
START, RATE = (6.0, 6.0), 0.01
COLORS = {"all five": "#000000", "one": "#d55e00", "two": "#e69f00", "one, rate falls": "#0072b2"}


def losses(x: Any, centers: Any, weights: Any) -> Any:
    """Losses (..., k) of points x (..., 2) and k examples."""
    d = x[..., None, :] - centers
    return weights * d[..., 0] ** 2 + d[..., 1] ** 2


def descend(x: Any, picks: Any, schedule: Any, examples: tuple[Any, Any]) -> Any:
    """Points (steps + 1, runs, 2) of runs side by side, of which ``picks`` (steps, runs, k) names the examples."""
    xp = xdl.array_namespace(x)
    slope = xdl.grad(lambda x, *batch: xdl.array_namespace(x).sum(losses(x, *batch)) / picks.shape[-1])

    def step(x: Any, now: Any) -> Any:
        rate, pick = now
        flat = xp.reshape(pick, (-1,))
        batch = [xp.reshape(xp.take(a, flat, axis=0), (*pick.shape, *a.shape[1:])) for a in examples]
        x = x - rate * slope(x, *batch)
        return x, x

    t = xp.arange(picks.shape[0], dtype=x.dtype, device=x.device)
    start = xp.broadcast_to(x, (picks.shape[1], 2)) + xp.zeros_like(x)
    return xp.concat([start[None, ...], xdl.scan(step, start, (schedule(t), picks))[1]])


def draw(found: dict[str, Any], path: Path) -> None:
    centers, weights = np.asarray(CENTERS), np.asarray(WEIGHTS)
    best = np.asarray([weights @ centers[:, 0] / weights.sum(), centers[:, 1].mean()])
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    x = np.stack(np.meshgrid(np.linspace(0.3, 6.5, 200), np.linspace(0.6, 6.5, 200)), axis=-1)
    mean = losses(x, centers, weights).mean(axis=-1)
    left.contour(x[..., 0], x[..., 1], mean, 14, colors="0.85", linewidths=0.8)
    left.scatter(*centers.T, s=30 * weights + 15, color="0.6", label="centers of the losses")
    for name in ("one", "one, rate falls", "all five"):
        left.plot(
            *found[name][:, 0, :].T, color=COLORS[name], lw=2 if name == "all five" else 0.8, label=name
        )
    left.plot(*START, "ks", ms=5)
    left.plot(*best, "*", color="white", mec="black", ms=13)
    left.set(xlabel="$\\theta_1$", ylabel="$\\theta_2$", aspect="equal", title="one run of each")
    left.legend(frameon=False, fontsize="small", loc="upper left")
    for name, points in found.items():
        distance = np.linalg.norm(points - best, axis=-1)
        low, middle, high = np.quantile(distance, (0.1, 0.5, 0.9), axis=1)
        right.semilogy(middle, color=COLORS[name], lw=1.4, label=name)
        if name != "all five":
            right.fill_between(np.arange(len(middle)), low, high, color=COLORS[name], alpha=0.15, lw=0)
    right.set(xlabel="step", ylim=(3e-3, 10))
    right.set_title("distance from the minimum: median and 80 % of the runs")
    right.legend(frameon=False, title="losses in a step", loc="lower left")
    right.grid(alpha=0.2)
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The noise of stochastic gradients, on any array library.")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plot", nargs="?", const="sgd_noise.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    x, examples = backend.asarray(START), (backend.asarray(CENTERS), backend.asarray(WEIGHTS))
    xp, key = xdl.array_namespace(x), xdl.random.key(options.seed, like=x)
    shape = (options.steps, options.runs)
    constant = optim.constant_schedule(RATE)
    # from the hundredth step on, the rate falls as the inverse of time
    falls = optim.join_schedules([constant, optim.inverse_time_schedule(RATE, 0.01)], [100])
    draws = xdl.random.randint(key, (*shape, 2), 0, len(CENTERS))
    every = xp.broadcast_to(xp.arange(len(CENTERS), device=x.device), (options.steps, 1, len(CENTERS)))
    runs = {"all five": (every, constant), "two": (draws, constant), "one": (draws[..., :1], constant)}
    runs["one, rate falls"] = (draws[..., :1], falls)
    found = {name: xdl.to_numpy(descend(x, *run, examples)) for name, run in runs.items()}
    for name, points in found.items():
        a, b = points[-1].mean(axis=0)
        spread = np.sqrt(points[-1].var(axis=0).sum())
        print(f"{name:16s} mean of the last points ({a:.4f}, {b:.4f}), their spread {spread:.4f}")
    if options.plot:
        draw(found, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
