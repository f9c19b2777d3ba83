"""First against second order: logistic regression on the breast cancer data, error by evaluations and by time.

The loss is the mean cross-entropy with a small ridge, of 569 examples with 30 standardized features and an intercept.
Methods of first order take many cheap steps, Newton's a few dear ones; those between learn the curvature on the way.

python examples/first_and_second_order.py --plot first_and_second_order.png
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
    from sklearn.datasets import load_breast_cancer
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import nn, optim

RIDGE = 1e-3
METHODS = {
    "gradient descent, fixed rate": optim.SGD(0.5),
    "momentum": optim.Momentum(2.0, decay=0.9),
    "Adam": optim.Adam(0.05),
    "gradient descent, line search": optim.GradientDescent(),
    "conjugate gradients": optim.ConjugateGradient(),
    "L-BFGS": optim.LBFGS(),
    "BFGS": optim.BFGS(),
    "Newton-CG": optim.NewtonCG(),
    "Newton": optim.Newton(),
}
FIRST = 4  # the methods before the fifth know nothing of curvature
WARM, COOL = (
    ("#f0b46a", "#e69f00", "#d55e00", "#8c2d04"),
    ("#009e73", "#56b4e9", "#0072b2", "#cc79a7", "#000000"),
)


def load(backend: xdl.Backend) -> tuple[Any, Any]:
    """Features (569, 31), of which the last is one, and labels 0 and 1."""
    x, y = load_breast_cancer(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    return backend.asarray(x), backend.asarray(y.astype(x.dtype))


def loss(w: Any, x: Any, y: Any) -> Any:
    xp = xdl.array_namespace(x)
    z = xp.matmul(x, w)
    return xp.mean(nn.softplus(z) - y * z) + 0.5 * RIDGE * xp.sum(w * w)


def draw(found: dict[str, optim.Result], best: float, path: Path) -> None:
    figure = Figure(figsize=(12, 5), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for k, ((name, result), color) in enumerate(zip(found.items(), (*WARM, *COOL), strict=True)):
        trace, style = result.trace, "--" if k < FIRST else "-"
        error = np.maximum(np.asarray([float(v) for v in trace.value]) - best, 1e-16)
        for ax, cost in zip(axes, (trace.evaluations, trace.seconds), strict=True):
            ax.loglog(cost, error, style, color=color, lw=1.5, label=name)
            ax.plot(cost[-1], error[-1], "o", color=color, ms=4)
    axes[0].set(
        xlabel="evaluations of the loss and its gradient", ylabel="loss above its minimum", ylim=(1e-13, 2)
    )
    axes[1].set(xlabel="seconds")
    for ax in axes:
        ax.grid(alpha=0.2)
    axes[1].legend(frameon=False, fontsize="small", loc="lower left")
    axes[0].set_title(
        "products with the Hessian, of Newton's methods, are not counted here", fontsize="small"
    )
    axes[1].set_title("but they take time", fontsize="small")
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Optimizers on logistic regression, on any array library.")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--steps", type=int, default=2000, help="at most")
    parser.add_argument(
        "--plot",
        nargs="?",
        const="first_and_second_order.png",
        type=Path,
        help="draw a figure into this file",
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    x, y = load(backend)
    xp = xdl.array_namespace(x)
    start = xp.zeros_like(x[0, :])
    gtol = 1e-7 if x.dtype == xp.float64 else 1e-4
    found = {}
    for name, method in METHODS.items():
        solve = lambda steps, method=method: optim.minimize(
            loss, start, (x, y), method=method, gtol=gtol, max_iterations=steps, record=True
        )
        solve(2)  # what is imported and compiled at first is no part of the time
        found[name] = solve(options.steps)
    exact = optim.minimize(loss, start, (x, y), method=optim.Newton(), gtol=1e-3 * gtol)
    best = min(float(result.value) for result in (exact, *found.values()))
    for name, r in found.items():
        counts = (
            f"{int(r.iterations):5d} steps {int(r.evaluations):5d} evaluations {int(r.products):5d} products"
        )
        print(f"{name:30s} {counts} {1e3 * r.trace.seconds[-1]:8.1f} ms  error {float(r.value) - best:.1e}")
    if options.plot:
        draw(found, best, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
