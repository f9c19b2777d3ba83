"""Linear and logistic models, from their losses to their boundaries, on scikit-learn's data.

python examples/linear_models.py                      # tables
python examples/linear_models.py --plot models.png    # and a figure: step sizes, paths of penalties, boundaries
python examples/linear_models.py --backend torch      # on another array library
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices gain nothing from more threads
os.environ.setdefault("JAX_ENABLE_X64", "1")  # JAX reads it when it is imported

try:
    import numpy as np
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
    from sklearn.model_selection import train_test_split
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import optim
from xdl.models import (
    HuberRegression,
    LinearRegression,
    LogisticRegression,
    OneVsOne,
    OneVsRest,
    SoftmaxRegression,
    Standardization,
    elastic_net_path,
    largest_rate,
    polynomial_features,
)

PARTS = (0.1, 0.5, 0.9, 0.99, 1.01)  # of the largest rate at which gradient descent converges
DEGREES = (1, 2, 4, 8)


# ---- data, as NumPy arrays ----


def growth() -> tuple[np.ndarray, np.ndarray]:
    """Years since 2000, and the logarithm of the data created in them, in zettabytes."""
    return np.asarray([[6.0], [10], [18], [21], [22]]), np.log([0.16, 1.2, 33, 79, 97])


def tumors(*names: str) -> tuple[np.ndarray, np.ndarray]:
    """Features of 569 tumors, and 1 for the malignant ones."""
    data = load_breast_cancer()
    chosen = [list(data.feature_names).index(name) for name in names]
    return data.data[:, chosen], 1.0 - data.target


def spirals(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points on two arms of a spiral, with noise."""
    rng = np.random.default_rng(0)
    t, label = rng.uniform(0.25, 1, size=n), np.arange(n) % 2
    angle = 3 * np.pi * t + np.pi * label
    x = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=-1)
    return x + 0.03 * rng.normal(size=x.shape), label.astype(float)


# ---- the programs: nothing below knows which library computes ----


def descents(x: Any, y: Any) -> list[tuple[float, Any]]:
    """Runs of gradient descent on the mean square, at parts of the largest rate."""
    xp, rate = xdl.array_namespace(x), float(largest_rate(x))
    Z = xp.concat([xp.ones_like(x[:, :1]), x], axis=-1)

    def loss(theta: Any) -> Any:
        own = xdl.array_namespace(theta)
        r = y - own.matmul(Z, theta)
        return own.mean(r * r)

    start = xp.zeros_like(Z[0, :])
    options = {"gtol": 1e-9, "max_iterations": 150, "record": True}
    return [(part, optim.minimize(loss, start, method=optim.SGD(part * rate), **options)) for part in PARTS]


def ridge_path(x: Any, y: Any, alphas: Any) -> Any:
    """Coefficients of ridge regression, all penalties at once: one data set repeated is a batch."""
    xp, k = xdl.array_namespace(x), alphas.shape[0]
    many = xp.broadcast_to(x, (k, *x.shape)), xp.broadcast_to(y, (k, *y.shape))
    return LinearRegression.fit(*many, alpha=alphas).coefficients


def logistic(x: Any, y: Any, **options: Any) -> LogisticRegression:
    return LogisticRegression.fit(x, y, alpha=1e-3, **options)


def classifiers(x: Any, y: Any) -> dict[str, tuple[Any, float]]:
    """The five of the book's table 3.1, and the seconds they take."""
    fits = {
        "linear, one against the rest": lambda: OneVsRest.fit(x, y, n_classes=10),
        "linear, one against one": lambda: OneVsOne.fit(x, y, n_classes=10),
        "logistic, one against the rest": lambda: OneVsRest.fit(x, y, logistic, n_classes=10, targets=(0, 1)),
        "logistic, one against one": lambda: OneVsOne.fit(x, y, logistic, n_classes=10, targets=(0, 1)),
        "softmax": lambda: SoftmaxRegression.fit(x, y, n_classes=10, alpha=1e-3),
    }
    found = {}
    for name, fit in fits.items():
        begin = time.perf_counter()
        found[name] = (fit(), time.perf_counter() - begin)
    return found


# ---- tables ----


def digits(backend: xdl.Backend) -> tuple[Any, ...]:
    data = load_digits()
    parts = train_test_split(
        data.data / 16, data.target, test_size=0.25, random_state=0, stratify=data.target
    )
    return tuple(backend.asarray(part) for part in parts)


def report(backend: xdl.Backend, console: Console) -> dict[str, float]:
    """Print what the models find; return the accuracies of the classifiers of digits."""
    x, y = map(backend.asarray, growth())
    model = LinearRegression.fit(x, y)
    console.print("Data created, log of zettabytes, on years since 2000 (figure 1.5)")
    console.print(f"{model.table(x, y)}\n", highlight=False)

    x, y = map(backend.asarray, tumors("mean area", "mean texture"))
    model = LogisticRegression.fit(x, y)
    steps = int(model.result.iterations)
    console.print(f"Malignant on area and texture (figure 3.2): Fisher scoring, {steps} steps")
    console.print(f"{model.table(x, y)}\n", highlight=False)

    x, x_test, y, y_test = digits(backend)
    xp = xdl.array_namespace(x)
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, title="Handwritten digits (as table 3.1, whose are MNIST's)"
    )
    table.add_column("classifier")
    for heading in ("training", "held out", "seconds"):
        table.add_column(heading, justify="right")
    held_out = {}
    for name, (model, seconds) in classifiers(x, y).items():
        shares = [
            float(xp.mean(xp.astype(model.predict(a) == b, x.dtype))) for a, b in ((x, y), (x_test, y_test))
        ]
        table.add_row(name, f"{shares[0]:.4f}", f"{shares[1]:.4f}", f"{seconds:.2f}")
        held_out[name] = shares[1]
    console.print(table)
    return held_out


# ---- the figure ----


def draw(backend: xdl.Backend, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 8.2), layout="constrained")
    (a, b, c, d), lower = figure.subplots(2, 4)
    draw_descents(a, backend)
    draw_paths(b, c, backend)
    draw_robust(d, backend)
    draw_curve(lower[0], backend)
    draw_boundary(lower[1], backend)
    for panel, degree in zip(lower[2:], (DEGREES[1], DEGREES[3]), strict=True):
        draw_spirals(panel, backend, degree)
    for panel in figure.axes:
        panel.title.set_fontsize(10.5)
    figure.savefig(path, dpi=130)


def draw_descents(panel: Any, backend: xdl.Backend) -> None:
    x, y = growth()
    x = (x - x.mean()) / x.std() + 0.5
    least = float(LinearRegression.fit(x, y).result.value)
    for part, result in descents(backend.asarray(x), backend.asarray(y)):
        values = np.asarray([float(value) for value in result.trace.value]) - least
        style = {"linestyle": "--", "color": "black"} if part > 1 else {}
        panel.plot(np.maximum(values, 1e-16), label=f"{part:g}", **style)
    panel.set(yscale="log", ylim=(1e-10, 1e3), xlabel="step", ylabel="mean square above its minimum")
    panel.set_title("Descent converges below rate n / λmax")
    panel.legend(title="rate by n / λmax", fontsize="x-small", title_fontsize="x-small", loc="lower left")


def draw_paths(left: Any, right: Any, backend: xdl.Backend) -> None:
    x, y = load_diabetes(return_X_y=True)
    names = load_diabetes().feature_names
    x = Standardization.fit(x)(x)
    alphas = np.geomspace(1, 1e5, 60)
    shrunk = xdl.to_numpy(ridge_path(*map(backend.asarray, (x, y, alphas))))
    sparse = elastic_net_path(backend.asarray(x), backend.asarray(y), n_alphas=60)
    for k, name in enumerate(names):
        left.plot(alphas, shrunk[:, k], color=f"C{k}", label=name)
        right.plot(xdl.to_numpy(sparse.alphas), xdl.to_numpy(sparse.coefficients)[:, k], color=f"C{k}")
    left.set(
        xscale="log", xlabel="penalty", ylabel="coefficient", title="Ridge shrinks coefficients (diabetes)"
    )
    right.set(xscale="log", xlabel="penalty", title="LASSO makes them zero")
    left.legend(ncols=2, fontsize="x-small", loc="upper right")
    for panel in (left, right):
        panel.axhline(0, color="black", linewidth=0.5)


def draw_robust(panel: Any, backend: xdl.Backend) -> None:
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 10, size=(40, 1)), axis=0)
    y = 1 + 0.5 * x[:, 0] + 0.4 * rng.normal(size=40)
    y[-5:] -= 7
    panel.plot(x[:, 0], y, "o", color="gray", markersize=4)
    for name, fit in (("squares", LinearRegression.fit), ("Huber's loss", HuberRegression.fit)):
        model = fit(backend.asarray(x), backend.asarray(y))
        panel.plot(x[:, 0], xdl.to_numpy(model(backend.asarray(x))), label=name)
    panel.legend(fontsize="small")
    panel.set(xlabel="x", ylabel="y", title="Outliers pull least squares")


def draw_curve(panel: Any, backend: xdl.Backend) -> None:
    x, y = tumors("mean area")
    model = LogisticRegression.fit(backend.asarray(x), backend.asarray(y))
    grid = np.linspace(x.min(), x.max(), 200)[:, None]
    p = xdl.to_numpy(model.predict_proba(backend.asarray(grid)))[:, 1]
    panel.scatter(x[:, 0], y, c=y, cmap="coolwarm", s=8, alpha=0.5)
    panel.plot(grid[:, 0], p, color="black")
    panel.set(
        xlabel="mean area", ylabel="probability of a malignant tumor", title="Logistic curve (figure 3.1)"
    )


def draw_boundary(panel: Any, backend: xdl.Backend) -> None:
    x, y = tumors("mean area", "mean texture")
    model = LogisticRegression.fit(backend.asarray(x), backend.asarray(y))
    ends = np.asarray([x[:, 0].min(), x[:, 0].max()])
    panel.scatter(x[:, 0], x[:, 1], c=y, cmap="coolwarm", s=10, alpha=0.6)
    panel.plot(ends, xdl.to_numpy(model.boundary(backend.asarray(ends))), color="black")
    panel.set(xlabel="mean area", ylabel="mean texture", ylim=(x[:, 1].min() - 1, x[:, 1].max() + 1))
    panel.set_title("Boundary of two features (figure 3.2)")


def draw_spirals(panel: Any, backend: xdl.Backend, degree: int) -> None:
    x, y = spirals()
    features = polynomial_features(backend.asarray(x), degree)
    model = LogisticRegression.fit(features, backend.asarray(y), alpha=1e-6, max_iterations=300)
    side = np.linspace(-1.15, 1.15, 150)
    grid = np.stack([v.ravel() for v in np.meshgrid(side, side)], axis=-1)
    p = xdl.to_numpy(model.predict_proba(polynomial_features(backend.asarray(grid), degree)))[:, 1]
    panel.contourf(side, side, p.reshape(150, 150), levels=20, cmap="coolwarm", alpha=0.5)
    panel.scatter(x[:, 0], x[:, 1], c=y, cmap="coolwarm", s=8)
    right = np.mean(xdl.to_numpy(model.predict(features)) == y)
    panel.set(title=f"Products up to degree {degree}: {100 * right:.0f} % right", aspect="equal")


# ---- the command ----


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Linear and logistic models on any array library.")
    parser.add_argument("--backend", default="numpy", help="numpy, torch, jax, or a namespace's import path")
    parser.add_argument(
        "--plot", nargs="?", const="linear_models.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    report(backend, Console())
    if options.plot:
        draw(backend, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
