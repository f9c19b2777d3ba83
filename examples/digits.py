"""Train a network on scikit-learn's handwritten digits, by the same source on every array library.

python examples/digits.py                              # every backend that is there, side by side
python examples/digits.py --backend torch --device cuda --plot digits.png
python examples/digits.py --backend array_api_strict   # any namespace of the array API standard will do
"""

import argparse
import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# Matrices as small as these gain nothing from more threads, and lose much where other programs run.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # other libraries use the same GPU

try:
    import numpy as np
    from rich.box import SIMPLE_HEAD
    from rich.console import Console, Group
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import models, nn, optim

UNREGISTERED = "array_api_strict"  # stands for every namespace that follows the standard
SIZES, DROPOUT, RATE, BATCH = (64, 256, 10), 0.3, 4e-3, 64


@dataclass
class Run:
    """What a backend made of the digits; ``reason`` says why there is nothing."""

    name: str
    device: str = ""
    reason: str = ""
    failed: bool = False
    losses: tuple[float, ...] = ()  # mean loss of the training steps, per epoch
    accuracies: tuple[float, ...] = ()  # of the held-out digits, after each epoch
    seconds: tuple[float, ...] = ()
    parameters: tuple[np.ndarray, ...] = ()
    predictions: np.ndarray | None = None


def load(dtype: str) -> tuple[np.ndarray, ...]:
    """Images in [0, 1] and labels: a part to train with, then a quarter held out."""
    digits = load_digits()
    x = (digits.data / 16).astype(dtype)
    y = digits.target.astype(np.int32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    return x, y, x_test, y_test


# ---- the program: nothing below knows which library computes ----


def loss(model: models.MLP, x: Any, y: Any, key: Any) -> Any:
    return nn.cross_entropy(model(x, key=key), y)


def train(
    backend: xdl.Backend,
    digits: tuple[np.ndarray, ...],
    *,
    epochs: int,
    seed: int,
    jit: bool = False,
    tell: Callable[[], None] = lambda: None,
) -> Run:
    """Train on one backend; ``tell`` is called after each epoch."""
    x, y, x_test, y_test = map(backend.asarray, digits)
    xp = xdl.array_namespace(x)
    steps = x.shape[0] // BATCH
    init_key, data_key = xp.unstack(xdl.random.split(xdl.random.key(seed, like=x)))

    model = models.MLP(init_key, SIZES, dropout=DROPOUT, dtype=x.dtype)
    rule = optim.AdamW(lambda step: RATE * (1 - step / (epochs * steps)))
    state = optim.init(rule, model)

    def step(model: models.MLP, state: optim.State, batch: Any, key: Any) -> Any:
        images, labels = xp.take(x, batch, axis=0), xp.take(y, batch, axis=0)
        value, grads = xdl.value_and_grad(loss)(model, images, labels, key)
        model, state = optim.update(rule, model, grads, state, donate=True)
        return model, state, value

    if jit or not backend.mutable:
        # Where arrays cannot be written in place, as on JAX, a step is quick only if it is compiled.
        step = xdl.jit(step, donate_argnums=(0, 1))

    losses, accuracies, seconds = [], [], []
    for epoch in range(epochs):
        start = time.perf_counter()
        order_key, dropout_key = xp.unstack(xdl.random.split(xdl.random.fold_in(data_key, epoch)))
        order = xdl.random.permutation(order_key, x.shape[0])
        keys = xdl.random.split(dropout_key, steps)
        values = []
        for i in range(steps):
            batch = order[i * BATCH : (i + 1) * BATCH]
            model, state, value = step(model, state, batch, keys[i, ...])
            values.append(value)
        losses.append(float(xp.mean(xp.stack(values))))
        seconds.append(time.perf_counter() - start)
        accuracies.append(float(nn.accuracy(model(x_test), y_test)))
        tell()

    return Run(
        backend.name,
        losses=tuple(losses),
        accuracies=tuple(accuracies),
        seconds=tuple(seconds),
        parameters=tuple(map(xdl.to_numpy, xdl.tree.leaves(model))),
        predictions=xdl.to_numpy(xp.argmax(model(x_test), axis=-1)),
    )


# ---- which backends ----


def choose(names: list[str], device: str | None, float64: bool) -> list[xdl.Backend | Run]:
    """Backends by name; in place of one that cannot be used here, a `Run` that says why."""
    found = xdl.backends()
    if importlib.util.find_spec(UNREGISTERED) is None:
        install = "pip install array-api-strict"
        found[UNREGISTERED] = {
            "ready": False,
            "reason": f"{UNREGISTERED} is not installed",
            "install": install,
        }
    chosen: list[xdl.Backend | Run] = []
    for name in names:
        status = found.get(name, {"ready": True})
        if not status["ready"]:
            advice = f": {status['install']}" if "not installed" in status["reason"] else ""
            chosen.append(Run(name, reason=status["reason"] + advice))
            continue
        try:
            backend = xdl.backend(name, device=device)
        except xdl.BackendError as error:
            chosen.append(Run(name, reason=str(error)))
            continue
        lacking = float64 and not backend.x64
        chosen.append(Run(name, reason=f"{name} has no float64 here") if lacking else backend)
    return chosen


def train_all(chosen: list[xdl.Backend | Run], options: argparse.Namespace) -> list[Run]:
    """Train where it is possible, NumPy first, with a bar for each backend."""
    digits = load("float64" if options.float64 else "float32")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    runs = []
    with Progress(*columns, TextColumn("epochs"), console=Console(stderr=True)) as progress:
        for backend in chosen:
            if isinstance(backend, Run):
                runs.append(backend)
                continue
            task = progress.add_task(f"{backend.name:>16}", total=options.epochs)
            try:
                run = train(
                    backend,
                    digits,
                    epochs=options.epochs,
                    seed=options.seed,
                    jit=options.compile,
                    tell=lambda task=task: progress.advance(task),
                )
            except Exception as error:
                if len(chosen) <= 2:
                    raise
                # One library's trouble is a row of the table, not the end of the others.
                reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
                run = Run(backend.name, reason=reason, failed=True)
            runs.append(replace(run, device=backend.device or backend.devices()[0]))
    return runs


# ---- what is shown ----


def table(runs: list[Run], options: argparse.Namespace) -> Group:
    """One row for each backend: its numbers, or why there are none."""
    n_train, n_test = (len(y) for y in load("float32")[1::2])
    title = (
        f"Handwritten digits: {n_train} to train with, {n_test} held out; perceptron {'-'.join(map(str, SIZES))},\n"
        f"AdamW, {options.epochs} epochs, {'float64' if options.float64 else 'float32'}, seed {options.seed}"
    )
    width = max(len(run.name) for run in runs)
    trained = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    trained.add_column("backend", min_width=width)
    trained.add_column("device")
    for heading in ("accuracy", "loss", "s/epoch", "compile", "difference"):
        trained.add_column(heading, justify="right")
    absent = Table.grid(padding=(0, 1))
    absent.add_column(min_width=width)
    for run in runs:
        if run.reason:
            absent.add_row(run.name, run.reason)
            continue
        median = statistics.median(run.seconds)
        trained.add_row(
            run.name,
            run.device,
            f"{run.accuracies[-1]:.4f}",
            f"{run.losses[-1]:.6f}",
            f"{median:.3f}",
            f"{max(run.seconds[0] - median, 0):.1f} s",
            "" if run is runs[0] else f"{difference(run, runs[0]):.1e}",
        )
    notes = (
        "accuracy: on the held-out digits. loss: mean over the last epoch, in nats.\n"
        "s/epoch: median. compile: first epoch less the median. difference: the largest\n"
        "between a parameter after training and the same of the NumPy run."
    )
    return Group(title, trained, absent, "", notes)


def difference(run: Run, other: Run) -> float:
    """Largest absolute difference of the final parameters."""
    return max(float(np.max(np.abs(a - b))) for a, b in zip(run.parameters, other.parameters, strict=True))


def draw(runs: list[Run], path: Path) -> None:
    """Learning curves of all backends, and digits taken for others."""
    from matplotlib.figure import Figure

    runs = [run for run in runs if not run.reason]
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.15, 1))
    draw_curves(left, runs)
    draw_mistakes(right, runs[0])
    figure.savefig(path, dpi=150)


def draw_curves(figure: Any, runs: list[Run]) -> None:
    panels = figure.subplots(3 if len(runs) > 1 else 2, 1, sharex=True)
    reference = np.asarray(runs[0].losses)
    epochs = np.arange(1, len(reference) + 1)
    for i, run in enumerate(runs):
        # The curves lie on each other: wide lines below, narrow ones above.
        style = {"color": f"C{i}", "linewidth": 1.5 + 1.5 * (len(runs) - 1 - i), "label": run.name}
        panels[0].plot(epochs, run.losses, **style)
        panels[1].plot(epochs, 100 * np.asarray(run.accuracies), **style)
        if i:
            panels[2].plot(epochs, np.abs(run.losses - reference), ".-", color=f"C{i}", label=run.name)
    panels[0].set(yscale="log", ylabel="training loss\n(nats)", title="Learning curves")
    panels[1].set(ylabel="held-out accuracy\n(percent)")
    panels[1].set_ylim(top=100)
    if len(runs) > 1:
        least = float(np.finfo(runs[0].parameters[0].dtype).eps) / 10
        panels[2].set_yscale("symlog", linthresh=least)  # shows zeros too
        panels[2].set(ylabel="loss, difference\nto NumPy (nats)")
        panels[2].set_ylim(bottom=-least / 4)
    panels[0].legend(ncols=2, fontsize="small")
    panels[-1].set(xlabel="epoch")
    for panel in panels:
        panel.grid(alpha=0.3)


def draw_mistakes(figure: Any, run: Run) -> None:
    _, _, x, y = load("float32")
    wrong = np.flatnonzero(run.predictions != y)
    figure.suptitle(f"{len(wrong)} of {len(y)} held-out digits are taken for others ({run.name})")
    rows = 4 if len(wrong) > 12 else 3
    tiles = figure.subplots(rows, 4).ravel()
    for tile in tiles:
        tile.axis("off")
    for tile, i in zip(tiles, wrong, strict=False):
        tile.imshow(x[i].reshape(8, 8), cmap="gray_r")
        tile.set_title(f"{y[i]}, taken for {run.predictions[i]}", fontsize="small")


# ---- the command ----


def parse(arguments: list[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(
        description="Train a network on handwritten digits, on any array library."
    )
    parser.add_argument(
        "--backend", default="all", help="all, numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--device", help="name of a device, such as cpu or cuda; default: the backend's own")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--float64", action="store_true", help="compute in float64; default: float32")
    parser.add_argument("--compile", action="store_true", help="compile the training step on PyTorch too")
    parser.add_argument(
        "--plot", nargs="?", const="digits.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.epochs < 1:
        parser.error(f"--epochs must be at least 1, got {options.epochs}")
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    return parser, options


def main(arguments: list[str] | None = None) -> int:
    parser, options = parse(arguments)
    if options.float64:
        os.environ["JAX_ENABLE_X64"] = "1"  # JAX reads it when it is imported
    names = [*xdl.backends(), UNREGISTERED] if options.backend == "all" else [options.backend]
    chosen = choose(names, options.device, options.float64)
    if options.backend != "all" and isinstance(chosen[0], Run):
        parser.error(chosen[0].reason)
    if not (isinstance(chosen[0], xdl.Backend) and chosen[0].name == "numpy"):
        chosen = [xdl.backend("numpy"), *(c for c in chosen if c.name != "numpy")]
    runs = train_all(chosen, options)
    Console().print(table(runs, options))
    if options.plot:
        draw(runs, options.plot)
        print(f"figure: {options.plot}")
    return int(any(run.failed for run in runs))


if __name__ == "__main__":
    sys.exit(main())
