"""Train LeNet-5 on scikit-learn's handwritten digits, and look at what its layers and its gradients see.

python examples/lenet.py                                    # NumPy
python examples/lenet.py --backend torch --plot lenet.png   # filters, feature maps, saliency
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import models, nn, optim, train


def load(backend: xdl.Backend) -> list[Any]:
    """Images (n, 28, 28, 1), enlarged from 8 x 8, and labels: a part to train with, then a quarter held out."""
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[..., None]
    labels = digits.target.astype(np.int32)
    parts = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)
    x, x_test, y, y_test = map(backend.asarray, parts)
    return [
        nn.upsample(x, size=(28, 28), mode="linear"),
        y,
        nn.upsample(x_test, size=(28, 28), mode="linear"),
        y_test,
    ]


def loss(model: models.LeNet5, x: Any, y: Any) -> Any:
    return nn.cross_entropy(model(x), y)


def saliency(model: models.LeNet5, x: Any, label: int) -> Any:
    """Size of the derivative of a class's score by each pixel (Simonyan et al., 2014, section 3)."""
    slope = xdl.grad(lambda x: model(x)[0, label])(x)
    return xdl.array_namespace(x).abs(slope[0, ..., 0])


def draw(model: models.LeNet5, x: Any, y: Any, path: Path) -> None:
    """Filters of the first layer, feature maps of both, and saliency, for one digit of each class."""
    from matplotlib.figure import Figure

    show = lambda ax, a, **style: (ax.imshow(xdl.to_numpy(a), **style), ax.axis("off"))
    figure = Figure(figsize=(11, 7), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(3, 2))
    rows = top.subplots(3, 10)
    first = next(i for i, label in enumerate(xdl.to_numpy(y)) if label == 3)
    image = x[first : first + 1, ...]
    maps = [model.activation(model.convolutions[0](image))]
    maps.append(model.activation(model.convolutions[1](nn.max_pool(maps[0], 2))))
    for ax in rows.ravel():
        ax.axis("off")
    for k in range(6):
        show(rows[0, k], model.convolutions[0].weight[..., 0, k], cmap="coolwarm")
        show(rows[1, k], maps[0][0, ..., k], cmap="gray_r")
    for k in range(10):
        show(rows[2, k], maps[1][0, ..., k], cmap="gray_r")
    for ax, title in zip(
        rows[:, 0], ("filters of layer 1", "its feature maps of a 3", "of layer 2"), strict=True
    ):
        ax.set_title(title, loc="left", fontsize="small")
    bottom.suptitle("digits, and how much each pixel matters to the score of their class", fontsize="small")
    rows = bottom.subplots(2, 10)
    for digit in range(10):
        i = next(i for i, label in enumerate(xdl.to_numpy(y)) if label == digit)
        show(rows[0, digit], x[i, ..., 0], cmap="gray_r")
        show(rows[1, digit], saliency(model, x[i : i + 1, ...], digit), cmap="inferno")
    figure.savefig(path, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Train LeNet-5 on handwritten digits, on any array library.")
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--device", help="name of a device, such as cpu or cuda; default: the backend's own")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plot", nargs="?", const="lenet.png", type=Path, help="draw a figure into this file"
    )
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend, device=options.device)
    except xdl.BackendError as error:
        parser.error(str(error))
    x, y, x_test, y_test = load(backend)
    model = models.LeNet5(xdl.random.key(options.seed, like=x))
    result = train.fit(
        model,
        loss,
        (x, y),
        rule=optim.Adam(2e-3),
        epochs=options.epochs,
        batch_size=64,
        key=options.seed,
        validation=(x_test, y_test),
        metrics={"accuracy": lambda model, x, y: nn.accuracy(model(x), y)},
    )
    print(f"backend    {backend.name}")
    for name, unit in (("loss", " nats"), ("validation_accuracy", ""), ("seconds", " s")):
        values = ", ".join(f"{v:.4f}" for v in result.history[name])
        print(f"{name.removeprefix('validation_'):10s} {values}{unit}, by epoch")
    if options.plot:
        draw(result.model, x_test, y_test, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
