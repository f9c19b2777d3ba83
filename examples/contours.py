"""Paths of the minimizers on four surfaces: Rosenbrock's, Beale's, Himmelblau's and MATLAB's peaks.

One row for each surface, one column for each family: along gradients, with differences of gradients, with second
derivatives, with values alone.

python examples/contours.py --plot contours.png
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

try:
    import numpy as np
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import optim

COLORS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7")


def rosenbrock(x: Any) -> Any:
    a, b = x[..., 0], x[..., 1]
    return (1 - a) ** 2 + 100 * (b - a * a) ** 2


def beale(x: Any) -> Any:
    a, b = x[..., 0], x[..., 1]
    return (1.5 - a * (1 - b)) ** 2 + (2.25 - a * (1 - b**2)) ** 2 + (2.625 - a * (1 - b**3)) ** 2


def himmelblau(x: Any) -> Any:
    a, b = x[..., 0], x[..., 1]
    return (a * a + b - 11) ** 2 + (a + b * b - 7) ** 2


def peaks(x: Any) -> Any:
    a, b, exp = x[..., 0], x[..., 1], xdl.array_namespace(x).exp
    hill = 3 * (1 - a) ** 2 * exp(-(a**2) - (b + 1) ** 2)
    return hill - 10 * (a / 5 - a**3 - b**5) * exp(-(a**2) - b**2) - exp(-((a + 1) ** 2) - b**2) / 3


class Surface(NamedTuple):
    """Function of two variables, where to start, what to show, and its minima."""

    f: Callable[[Any], Any]
    start: tuple[float, float]
    box: tuple[float, float, float, float]
    minima: tuple[tuple[float, float], ...]


SURFACES = {
    "Rosenbrock": Surface(rosenbrock, (-1.2, 1.0), (-1.6, 1.6, -0.7, 1.9), ((1.0, 1.0),)),
    "Beale": Surface(beale, (1.0, 1.5), (-0.5, 4.0, -1.2, 2.0), ((3.0, 0.5),)),
    "Himmelblau": Surface(
        himmelblau,
        (0.0, -1.0),
        (-5.2, 5.2, -5.0, 5.0),
        ((3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)),
    ),
    "peaks": Surface(
        peaks,
        (0.0, 1.0),
        (-2.6, 2.6, -2.6, 2.6),
        ((0.228279, -1.625535), (-1.347396, 0.204519), (0.296446, 0.320196)),
    ),
}
FAMILIES = {
    "along gradients": {
        "gradient descent": optim.GradientDescent(),
        "momentum": optim.Momentum(2e-3, decay=0.9),
        "Adam": optim.Adam(0.1),
        "conjugate gradients": optim.ConjugateGradient(),
    },
    "differences of gradients": {
        "Barzilai-Borwein": optim.BarzilaiBorwein(),
        "DFP": optim.DFP(),
        "BFGS": optim.BFGS(),
        "L-BFGS": optim.LBFGS(),
    },
    "second derivatives": {
        "Newton": optim.Newton(),
        "Newton-CG": optim.NewtonCG(),
        "trust region": optim.TrustRegion(),
        "trust region, dogleg": optim.TrustRegion(subproblem=optim.Dogleg()),
    },
    "values alone": {
        "Nelder-Mead": optim.NelderMead(),
        "pattern search": optim.PatternSearch(),
        "coordinate search": optim.CoordinateSearch(),
        "CMA-ES": optim.CMAES(),
    },
}


def run(surface: Surface, method: Any, backend: xdl.Backend) -> optim.Result:
    x0 = backend.asarray(surface.start)
    return optim.minimize(surface.f, x0, method=method, gtol=1e-4, max_iterations=300, record=True)


def draw(found: dict[str, dict[str, dict[str, optim.Result]]], path: Path) -> None:
    figure = Figure(figsize=(15, 14.5), layout="constrained")
    axes = figure.subplots(len(found), len(FAMILIES), sharex="row", sharey="row")
    for (name, families), row in zip(found.items(), axes, strict=True):
        surface = SURFACES[name]
        left, right, low, high = surface.box
        x = np.stack(np.meshgrid(np.linspace(left, right, 300), np.linspace(low, high, 300)), axis=-1)
        z = surface.f(x)
        # equal steps of the fourth root show the valleys as well as the walls
        levels = z.min() + np.linspace(0, (z.max() - z.min()) ** 0.25, 22)[1:] ** 4
        for (family, results), ax in zip(families.items(), row, strict=True):
            ax.contour(x[..., 0], x[..., 1], z, levels, colors="0.87", linewidths=0.7, zorder=0)
            for (method, result), color in zip(results.items(), COLORS, strict=True):
                points = np.stack([xdl.to_numpy(p) for p in result.trace.x])
                count = f"{int(result.iterations)} / {int(result.evaluations)}"
                ax.plot(*points.T, "-o", color=color, lw=1.1, ms=2.2, alpha=0.9, label=f"{method}, {count}")
                ax.plot(*points[-1], "o", color=color, ms=6, mfc="none")
            ax.plot(*surface.start, "ks", ms=5)
            ax.plot(*np.transpose(surface.minima), "k*", ms=8, ls="", zorder=3, mfc="white")
            ax.set(xlim=(left, right), ylim=(low, high))
            ax.set_title(family if name == next(iter(found)) else "", fontsize="medium", weight="bold")
            ax.legend(
                fontsize="x-small", loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=2, frameon=False
            )
        row[0].set_ylabel(name, weight="bold")
    figure.suptitle(
        "Paths from the square; behind each method its iterations / evaluations", fontsize="medium"
    )
    figure.savefig(path, dpi=110)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Paths of minimizers, on any array library.")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--surface", choices=list(SURFACES), action="append", help="default: all of them")
    parser.add_argument(
        "--plot", nargs="?", const="contours.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    found = {}
    for name in options.surface or SURFACES:
        found[name] = {
            family: {method: run(SURFACES[name], m, backend) for method, m in methods.items()}
            for family, methods in FAMILIES.items()
        }
        print(f"{name}: value, iterations, evaluations")
        for results in found[name].values():
            for method, r in results.items():
                counts = f"{int(r.iterations):5d} {int(r.evaluations):5d}"
                print(f"  {method:22s} {float(r.value):12.4e} {counts}  {r.message.split(':')[0]}")
    if options.plot:
        draw(found, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
