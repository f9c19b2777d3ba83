"""Rates that decay with time: schedules, and what a constant rate that is too long does in Rosenbrock's valley.

Gradient descent with the rate a0 gamma^t, a0 in {.005, .0025} and gamma in {1, .99}, from (.2, -.2) (Liquet, Moka &
Nazarathy, 2024, figure 4.2). At the minimum both constant rates are longer than 2 / 1001.6, twice the inverse of the
largest curvature, so that they leave it again and oscillate; those that decay stop on the way.

python examples/learning_rates.py --backend jax --plot learning_rates.png
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

START = (0.2, -0.2)
RUNS = [(rate, gamma) for gamma in (1.0, 0.99) for rate in (0.005, 0.0025)]
COLORS = ("#d55e00", "#e69f00", "#0072b2", "#009e73")
SCHEDULES = {
    "exponential": optim.exponential_schedule(1.0, 0.99),
    "inverse time": optim.inverse_time_schedule(1.0, 0.02),
    "step": optim.step_schedule(1.0, 0.5, 125),
    "cosine": optim.cosine_schedule(1.0, 500),
    "warm-up, then cosine": optim.warmup_schedule(optim.cosine_schedule(1.0, 450), 50),
    "one cycle": optim.one_cycle_schedule(1.0, 500),
    "cosine, with restarts": optim.cosine_restarts_schedule(1.0, 125),
}


def rosenbrock(x: Any) -> Any:
    return (1 - x[..., 0]) ** 2 + 100 * (x[..., 1] - x[..., 0] ** 2) ** 2


def descend(x: Any, steps: int) -> Any:
    """Points (steps, 4, 2) of the four descents, which go on side by side."""
    xp = xdl.array_namespace(x)
    slope = xdl.grad(lambda x: xdl.array_namespace(x).sum(rosenbrock(x)))
    t = xp.arange(steps, dtype=x.dtype, device=x.device)
    rates = xp.stack([optim.exponential_schedule(rate, gamma)(t) for rate, gamma in RUNS], axis=-1)

    def step(x: Any, rate: Any) -> Any:
        return x - rate[:, None] * slope(x), x

    return xdl.scan(step, xp.stack([x] * len(RUNS)), rates)[1]


def draw(points: Any, path: Path) -> None:
    figure = Figure(figsize=(14, 4.6), layout="constrained")
    rates, paths, values = figure.subplots(1, 3, width_ratios=(4, 5, 4))
    t = np.arange(500.0)
    for k, (name, schedule) in enumerate(SCHEDULES.items()):
        rates.plot(t, schedule(t) - 1.5 * k, color=f"C{k}", lw=1.5)
        rates.annotate(name, (499, 1.1 - 1.5 * k), ha="right", color=f"C{k}")
    rates.set(xlabel="step", yticks=[], title="schedules, from 0 to 1")
    rates.spines[["left", "right", "top"]].set_visible(False)
    x = np.stack(np.meshgrid(np.linspace(-0.1, 1.2, 300), np.linspace(-0.3, 1.2, 300)), axis=-1)
    paths.contour(x[..., 0], x[..., 1], rosenbrock(x), np.logspace(-2, 3, 14), colors="0.85", linewidths=0.7)
    times = np.unique(np.logspace(0, np.log10(len(points)), 400).astype(int)) - 1
    for k, ((rate, gamma), color) in enumerate(zip(RUNS, COLORS, strict=True)):
        label = f"{rate:g}" if gamma == 1 else f"{rate:g} $\\cdot$ {gamma:g}$^t$"
        chaotic = gamma == 1
        style = {"ls": "", "marker": ".", "ms": 2} if chaotic else {"lw": 1.4, "marker": "o", "ms": 3}
        own = points[times, k, :] if chaotic else points[:2000, k, :]
        paths.plot(*own.T, color=color, markevery=None if chaotic else [-1], **style)
        values.loglog(times + 1, rosenbrock(points[times, k, :]), color=color, lw=1.2, label=label)
    paths.plot(*START, "ks", ms=5)
    paths.plot(1, 1, "k*", ms=12)
    paths.set(xlim=(-0.1, 1.2), ylim=(-0.3, 1.2), xlabel="$\\theta_1$", ylabel="$\\theta_2$")
    paths.set_title("too long: scattered; decaying: stopped on the way")
    values.set(xlabel="step", title="value")
    values.legend(frameon=False, title="rate")
    values.grid(alpha=0.2)
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Learning-rate schedules, on any array library.")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--steps", type=int, default=20_000, help="the book has 100,000")
    parser.add_argument(
        "--plot", nargs="?", const="learning_rates.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    points = xdl.to_numpy(descend(backend.asarray(START), options.steps))
    for k, (rate, gamma) in enumerate(RUNS):
        late = rosenbrock(points[-len(points) // 10 :, k, :])
        print(f"rate {rate:g} x {gamma:g}^t: last tenth of values from {late.min():.2e} to {late.max():.2e}")
    if options.plot:
        draw(points, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
