"""What momentum does in Rosenbrock's valley: each gradient counts the same at once, and the longer the larger beta.

The velocity is v = beta v + (1 - beta) gradient and the step -rate v, with the rate .001 / (1 - beta) and the start
(.4, -.2) of figure 4.6 of Liquet, Moka & Nazarathy (2024).

python examples/momentum.py --backend torch --plot momentum.png
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

START, RATE, DECAYS = (0.4, -0.2), 0.001, (0.0, 0.5, 0.9)
COLORS = ("#d55e00", "#0072b2", "#009e73")


def rosenbrock(x: Any) -> Any:
    return (1 - x[..., 0]) ** 2 + 100 * (x[..., 1] - x[..., 0] ** 2) ** 2


def descend(rule: optim.Rule, x: Any, steps: int) -> Any:
    """Points (steps + 1, 2) of an update rule."""
    xp, slope = xdl.array_namespace(x), xdl.grad(rosenbrock)

    def step(carry: Any, _: Any) -> Any:
        x, state = optim.update(rule, carry[0], slope(carry[0]), carry[1])
        return (x, state), x

    _, points = xdl.scan(step, (x, optim.init(rule, x)), length=steps)
    return xp.concat([x[None, :], points])


def draw(paths: dict[float, Any], path: Path) -> None:
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    a, b = np.meshgrid(np.linspace(-0.1, 1.1, 300), np.linspace(-0.3, 1.1, 300))
    levels = np.logspace(-3, 2.5, 18)
    left.contour(a, b, rosenbrock(np.stack([a, b], axis=-1)), levels, colors="0.8", linewidths=0.7)
    for (decay, points), color in zip(paths.items(), COLORS, strict=True):
        points = xdl.to_numpy(points)
        left.plot(*points.T, "-", color=color, lw=1.3, label=f"$\\beta$ = {decay:g}")
        left.plot(*points[-1], "o", color=color, ms=6)
        right.semilogy(rosenbrock(points), color=color, lw=1.3, label=f"$\\beta$ = {decay:g}")
    left.plot(*START, "ks", ms=5)
    left.annotate("start", START, xytext=(7, -4), textcoords="offset points")
    left.plot(1, 1, "k*", ms=12)
    left.annotate("minimum", (1, 1), xytext=(-60, 2), textcoords="offset points")
    left.set(xlabel="$\\theta_1$", ylabel="$\\theta_2$", title="paths, each to its dot")
    right.set(xlabel="step", title="value")
    left.legend(frameon=False, loc="upper left")
    right.grid(alpha=0.2)
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Gradient descent with momentum, on any array library.")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument(
        "--plot", nargs="?", const="momentum.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    paths = {}
    for decay in DECAYS:
        rule = optim.Momentum(RATE / (1 - decay), decay=decay)
        paths[decay] = descend(rule, backend.asarray(START), options.steps)
        x = paths[decay][-1, :]
        print(f"beta {decay:g}: ({float(x[0]):.6f}, {float(x[1]):.6f}), value {float(rosenbrock(x)):.3e}")
    if options.plot:
        draw(paths, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
