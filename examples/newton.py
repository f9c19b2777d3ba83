"""Newton's method in one dimension: the parabola at a point, and where it leads, from a convex and a concave one.

The function is x^4 - 4 x^3 - 2 x^2 + 10 x + 15 (Liquet, Moka & Nazarathy, 2024, figure 4.10). Where it is concave,
the formula climbs to a maximum; `optim.Newton` turns the step around and finds a minimum.

python examples/newton.py --plot newton.png
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

STARTS = (2.5, 1.7)
BLUE, ORANGE = "#0072b2", "#d55e00"


def quartic(x: Any) -> Any:
    """Function of a number."""
    return (((x - 4) * x - 2) * x + 10) * x + 15


def formula(x: Any, steps: int) -> list[Any]:
    """Points of x - f'(x) / f''(x), as it stands."""
    slope = xdl.grad(quartic)
    curvature = xdl.grad(slope)
    points = [x]
    for _ in range(steps):
        points.append(points[-1] - slope(points[-1]) / curvature(points[-1]))
    return points


def parabola(x: Any) -> tuple[float, float, float]:
    """Value, slope and half the curvature at a point."""
    slope = xdl.grad(quartic)
    return float(quartic(x)), float(slope(x)), float(xdl.grad(slope)(x)) / 2


def draw(paths: list[tuple[list[Any], optim.Result]], path: Path) -> None:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    grid = np.linspace(-0.3, 4.1, 400)
    for ax, (points, result) in zip(axes, paths, strict=True):
        ax.plot(grid, quartic(grid), color="0.25", lw=1.8, label="function")
        steps = [float(x) for x in points]
        for x, after, style in zip(steps, steps[1:], ("--", ":"), strict=False):
            value, slope, half = parabola(points[steps.index(x)])
            model = lambda t, x=x, v=value, s=slope, h=half: v + s * (t - x) + h * (t - x) ** 2
            near = grid[abs(grid - after) < abs(x - after) * 1.25 + 0.2]
            ax.plot(near, model(near), style, color=ORANGE, lw=1.3, label=f"parabola at x = {x:.3g}")
            ax.plot([after] * 2, [model(after), quartic(after)], "-", color=ORANGE, lw=0.7)
        ax.plot(steps, list(map(quartic, steps)), "o", color=ORANGE, ms=6, label="x - f '(x) / f ''(x)")
        safe = [float(x) for x in result.trace.x]
        ax.plot(safe, list(map(quartic, safe)), "s", mfc="none", color=BLUE, ms=10, label="optim.Newton()")
        for xs, color, shift in ((steps, ORANGE, (-3, 9)), (safe, BLUE, (-3, -19))):
            for k, x in enumerate(xs[:3]):
                at = (x, quartic(x))
                ax.annotate(str(k), at, xytext=shift, textcoords="offset points", color=color)
        shape = "convex" if parabola(points[0])[2] > 0 else "concave"
        ax.set(title=f"from {steps[0]:g}, where the function is {shape}", xlabel="x", ylim=(-4, 24))
        ax.legend(frameon=False, fontsize="small", loc="lower left")
    axes[0].set_ylabel("f(x)")
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Newton's method in one dimension, on any array library.")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument(
        "--plot", nargs="?", const="newton.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    paths = []
    for start in STARTS:
        x = backend.asarray(start)
        points = formula(x, 6)
        result = optim.minimize(quartic, x, method=optim.Newton(), gtol=1e-4, record=True)
        paths.append((points, result))
        print(f"from {start}: the formula {', '.join(f'{float(p):.6f}' for p in points)}")
        print(
            f"          Newton()    {', '.join(f'{float(p):.6f}' for p in result.trace.x)}; {result.message}"
        )
    if options.plot:
        draw(paths, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
