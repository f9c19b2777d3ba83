"""Which networks remember: the adding problem, by a recurrent network, gated ones, and attention.

A sequence has a number and a mark at each step; two steps are marked, and the sum of their numbers is asked for at
the end (Hochreiter & Schmidhuber, 1997, section 5.4). Always answering 1 has a mean squared error of 1/6.

python examples/sequences.py                                        # NumPy
python examples/sequences.py --backend jax --plot sequences.png     # learning curves, what attention looks at
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
from xdl import nn, optim, train

GUESS = 1 / 6


def sequences(key: Any, n: int, steps: int) -> tuple[Any, Any]:
    """Numbers and marks (n, steps, 2), and sums (n, 1): one mark in each half."""
    xp = xdl.array_namespace(key)
    number_key, first_key, second_key = xp.unstack(xdl.random.split(key, 3))
    half = steps // 2
    numbers = xdl.random.uniform(number_key, (n, steps))
    first = xdl.random.randint(first_key, (n,), 0, half)
    second = xdl.random.randint(second_key, (n,), half, steps)
    marks = nn.one_hot(first, steps, dtype=numbers.dtype) + nn.one_hot(second, steps, dtype=numbers.dtype)
    return xp.stack([numbers, marks], axis=-1), xp.sum(numbers * marks, axis=1, keepdims=True)


class Recurrent(xdl.Module):
    """A recurrent layer, and an affine map of its last output."""

    layer: Any
    head: nn.Dense

    def __init__(self, key: Any, layer: type, size: int) -> None:
        layer_key, head_key = xdl.array_namespace(key).unstack(xdl.random.split(key))
        self.layer, self.head = layer(layer_key, 2, size), nn.Dense(head_key, size, 1)

    def __call__(self, x: Any, /) -> Any:
        """Map (n, t, 2) to (n, 1)."""
        y, _ = self.layer(x)
        return self.head(y[:, -1, :])


class Attentive(xdl.Module):
    """Attention among the steps; the last one answers."""

    embed: nn.Dense
    attention: nn.MultiHeadAttention
    head: nn.Dense

    def __init__(self, key: Any, size: int, heads: int = 4) -> None:
        keys = xdl.random.split(key, 3)
        self.embed = nn.Dense(keys[0, ...], 2, size, activation=nn.relu)
        self.attention = nn.MultiHeadAttention(keys[1, ...], size, heads)
        self.head = nn.Dense(keys[2, ...], size, 1)

    def __call__(self, x: Any, /) -> Any:
        """Map (n, t, 2) to (n, 1)."""
        h = self.embed(x)
        return self.head(self.attention(h[:, -1:, :], h)[:, 0, :])


def loss(model: Any, x: Any, y: Any) -> Any:
    return nn.mse(model(x), y)


def draw(histories: dict[str, dict[str, list[float]]], model: Attentive, x: Any, path: Path) -> None:
    """Learning curves, and how much each step of a sequence moves the answer of the last model."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, history in histories.items():
        left.plot(np.arange(1, len(history["validation_loss"]) + 1), history["validation_loss"], label=name)
    left.axhline(GUESS, color="gray", linestyle=":", label="always answering 1")
    left.set(yscale="log", xlabel="epoch", ylabel="mean squared error, held out", title="The adding problem")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.legend(fontsize="small")
    left.grid(alpha=0.3)
    slope = xdl.to_numpy(xdl.grad(lambda x: model(x)[0, 0])(x[:1, ...]))[0, :, 0]
    marks = xdl.to_numpy(x)[0, :, 1]
    right.bar(np.arange(len(slope)), slope, color=np.where(marks > 0, "C3", "C0"))
    right.set(
        xlabel="step", ylabel="derivative of the answer", title="What attention looks at (red: marked steps)"
    )
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The adding problem, on any array library.")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--device", help="name of a device, such as cpu or cuda; default: the backend's own")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=40, help="length of the sequences")
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--size", type=int, default=32, help="units of the layers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plot", nargs="?", const="sequences.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend, device=options.device)
    except xdl.BackendError as error:
        parser.error(str(error))
    with xdl.use_backend(options.backend, device=options.device):
        keys = xdl.random.split(xdl.random.key(options.seed), 3)
    data_key, test_key, model_key = xdl.array_namespace(keys).unstack(keys)
    data, test = sequences(data_key, options.examples, options.steps), sequences(test_key, 500, options.steps)
    models = {
        "RNN": Recurrent(model_key, nn.RNN, options.size),
        "LSTM": Recurrent(model_key, nn.LSTM, options.size),
        "GRU": Recurrent(model_key, nn.GRU, options.size),
        "attention": Attentive(model_key, options.size),
    }
    print(f"{options.steps} steps, {options.examples} sequences, {backend.name}")
    print(f"{'':10s} {'error':>9s} {'seconds':>9s}")
    histories = {}
    for name, model in models.items():
        result = train.fit(
            model, loss, data, rule=optim.Adam(5e-3), epochs=options.epochs, batch_size=50, validation=test
        )
        histories[name], models[name] = result.history, result.model
        print(
            f"{name:10s} {result.history['validation_loss'][-1]:9.5f} {sum(result.history['seconds']):9.2f}"
        )
    print(f"{'guess':10s} {GUESS:9.5f}")
    if options.plot:
        draw(histories, models["attention"], test[0], options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
