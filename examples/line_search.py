"""Searches along a line: every value that each asks for, and the zig-zag of descent to exact minima.

On Rosenbrock's function from (.8, 0) against the gradient, and on a path of such searches, each direction orthogonal
to the one before (Liquet, Moka & Nazarathy, 2024, figures 4.8 and 4.9).

python examples/line_search.py --plot line_search.png
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

START = (0.8, 0.0)
SEARCHES = {
    "Newton": optim.NewtonSearch(),
    "Brent": optim.Brent(),
    "golden section": optim.GoldenSection(),
    "Moré-Thuente": optim.MoreThuente(),
    "Hager-Zhang": optim.HagerZhang(),
    "strong Wolfe": optim.StrongWolfe(),
    "backtracking": optim.Backtracking(),
}
COLORS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "0.3")


def rosenbrock(x: Any) -> Any:
    return (1 - x[..., 0]) ** 2 + 100 * (x[..., 1] - x[..., 0] ** 2) ** 2


def draw(found: dict[str, Any], path: optim.Result, out: Path) -> None:
    figure = Figure(figsize=(12, 5.6), layout="constrained")
    left, right = figure.subfigures(1, 2)
    draw_line(found, *left.subplots(2, 1, sharex=True))
    draw_path(path, right.subplots())
    figure.savefig(out, dpi=150)


def draw_line(found: dict[str, Any], curve: Any, rows: Any) -> None:
    """The function along the line, and below it a row of marks for each search."""
    x, grid = np.asarray(START), np.linspace(-4.5, 0, 400)
    d = -xdl.grad(rosenbrock)(x)
    curve.semilogy(grid, rosenbrock(x + 10 ** grid[:, None] * d), color="0.25", lw=1.5)
    curve.axhline(rosenbrock(x), color="0.6", lw=0.8, ls=":")
    curve.set(ylabel="$C(\\theta + \\alpha d)$", title="the steps that searches look at, and take (dots)")
    for row, (result, color) in enumerate(zip(found.values(), COLORS, strict=True)):
        steps, values = (xdl.to_numpy(a)[1:] for a in (result.steps, result.values))
        curve.plot(np.log10(steps), values, "o", color=color, ms=3.5)
        rows.plot(np.log10(steps), [-row] * len(steps), "|", color=color, ms=13, mew=1.2)
        rows.plot(np.log10(float(result.step)), -row, "o", color=color, ms=6)
    names = [f"{name}, {int(result.evaluations) - 1}" for name, result in found.items()]
    rows.set_yticks([-row for row in range(len(names))], names, fontsize="small")
    rows.grid(axis="y", alpha=0.3)
    rows.set(xlabel="step $\\log_{10}\\alpha$", xlim=grid[[0, -1]], ylim=(-len(names) + 0.4, 0.6))


def draw_path(path: optim.Result, ax: Any) -> None:
    """Probes and points of a descent, and its corners enlarged."""
    x = np.stack(np.meshgrid(np.linspace(-0.1, 1.1, 500), np.linspace(-0.1, 1.1, 500)), axis=-1)
    probes = np.stack([xdl.to_numpy(p) for p, _ in path.trace.probes])
    points = np.stack([xdl.to_numpy(p) for p in path.trace.x])
    ax.contour(x[..., 0], x[..., 1], rosenbrock(x), np.logspace(-3, 2.2, 16), colors="0.85", linewidths=0.7)
    ax.plot(*probes.T, ".", color=COLORS[1], ms=3, label=f"{len(probes)} probes")
    ax.plot(*points.T, "-", color=COLORS[0], lw=1.2, label=f"{len(points) - 1} steps")
    ax.plot(*START, "ks", ms=5)
    ax.plot(1, 1, "k*", ms=12)
    ax.set(xlim=(-0.1, 1.1), ylim=(-0.1, 1.1), aspect="equal", xlabel="$\\theta_1$", ylabel="$\\theta_2$")
    ax.set_title("descent with exact line searches")
    ax.legend(frameon=False, loc="lower left")
    zoom = ax.inset_axes((0.06, 0.5, 0.42, 0.42))
    levels = np.linspace(0.15, 0.3, 16)
    zoom.contour(x[..., 0], x[..., 1], rosenbrock(x), levels, colors="0.85", linewidths=0.6)
    zoom.plot(*points.T, "-o", color=COLORS[0], lw=1, ms=2.5)
    low, high = points[1:8].min(axis=0) - 0.01, points[1:8].max(axis=0) + 0.01
    zoom.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal", xticks=[], yticks=[])
    ax.indicate_inset_zoom(zoom)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Line searches, on any array library.")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--first", type=float, default=0.5, help="step that the searches look at first")
    parser.add_argument("--steps", type=int, default=60, help="of the descent with exact line searches")
    parser.add_argument(
        "--plot", nargs="?", const="line_search.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    x = backend.asarray(START)
    d = -xdl.grad(rosenbrock)(x)
    found = {
        name: optim.line_search(rosenbrock, x, d, search=search, step=options.first)
        for name, search in SEARCHES.items()
    }
    for name, result in found.items():
        a, b = xdl.to_numpy(result.x)
        where = f"step {float(result.step):.8f} to ({a:.5f}, {b:.5f}), value {float(result.value):.6f}"
        print(f"{name:15s} {where}, {int(result.evaluations) - 1} probes")
    method = optim.GradientDescent(search=optim.NewtonSearch())
    path = optim.minimize(rosenbrock, x, method=method, max_iterations=options.steps, record=True)
    counts = f"{int(path.iterations)} steps, {int(path.evaluations)} evaluations"
    print(f"exact searches  {counts}, value {float(path.value):.2e}")
    if options.plot:
        draw(found, path, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
