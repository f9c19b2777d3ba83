"""Networks: the loss, its gradient, and a step of training with Adam, all in float32; and Adam alone."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from xdl import autodiff, models, nn, optim
from xdl.core import Array, random, tree, use_backend

from .workload import Workload, normal, repeated, uniform

__all__ = ["WORKLOADS"]

SIZES = (784, 256, 128, 10)
RATE = 1e-3


def _mlp(key: Array) -> models.MLP:
    return models.MLP(key, SIZES, init=nn.he_normal)


def _inputs(make: Callable[[Array], Any], shape: tuple[int, ...]) -> Callable[[int], dict[str, Any]]:
    def inputs(batch: int) -> dict[str, Any]:
        with use_backend("numpy") as numpy:
            parameters = tree.leaves(make(random.key(0)))
            labels = numpy.xp.astype(uniform(2, (batch,)) * 10, numpy.xp.int64)
        return {"x": normal(1, (batch, *shape)), "labels": labels, "parameters": parameters}

    return inputs


def _model(make: Callable[[Array], Any], parameters: list[Array]) -> Any:
    """Model whose leaves are the parameters; its structure is that of one on NumPy."""
    with use_backend("numpy"):
        _, structure = tree.flatten(make(random.key(0)))
    return tree.unflatten(structure, parameters)


def _loss(model: Any, x: Array, labels: Array) -> Array:
    return nn.cross_entropy(model(x), labels)


def _forward(make: Callable[[Array], Any]) -> Callable[..., Callable[[], Array]]:
    def program(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
        model, run = _model(make, arrays["parameters"]), compile(_loss)
        return lambda: run(model, arrays["x"], arrays["labels"])

    return program


def _gradient(make: Callable[[Array], Any]) -> Callable[..., Callable[[], Array]]:
    def program(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
        model, run = _model(make, arrays["parameters"]), compile(autodiff.value_and_grad(_loss))
        # one output of a program stands for all
        return lambda: run(model, arrays["x"], arrays["labels"])[0]

    return program


def _step(make: Callable[[Array], Any]) -> Callable[..., Callable[[], Array]]:
    def program(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
        model, rule = _model(make, arrays["parameters"]), optim.Adam(RATE)

        def step(model: Any, state: Any, x: Array, labels: Array) -> tuple[Any, Any, Array]:
            value, grads = autodiff.value_and_grad(_loss)(model, x, labels)
            model, state = optim.update(rule, model, grads, state, donate=True)
            return model, state, value

        run = compile(step, donate_argnums=(0, 1))
        return repeated(run, [model, optim.init(rule, model)], arrays["x"], arrays["labels"])

    return program


def _products_mlp(batch: int) -> float:
    return 2.0 * batch * sum(n * m for n, m in pairwise(SIZES))


def _products_lenet(batch: int) -> float:
    places = 28 * 28 * 25 * 6 + 10 * 10 * 25 * 6 * 16
    return 2.0 * batch * (places + 400 * 120 + 120 * 84 + 84 * 10)


# The gradient takes two products more for each layer, but of the first nobody asks the cotangent of the data.
def _three_mlp(batch: int) -> float:
    return 3 * _products_mlp(batch) - 2.0 * batch * SIZES[0] * SIZES[1]


def _three_lenet(batch: int) -> float:
    return 3 * _products_lenet(batch) - 2.0 * batch * 28 * 28 * 25 * 6


def _networks() -> list[Workload]:
    found = []
    mlp = ("mlp", "MLP 784-256-128-10", _mlp, (784,), (16, 64, 256, 1024), (4096,), _products_mlp, _three_mlp)
    lenet = (
        "lenet",
        "LeNet-5",
        models.LeNet5,
        (28, 28, 1),
        (8, 64, 256),
        (1024,),
        _products_lenet,
        _three_lenet,
    )
    for name, title, make, shape, sizes, large, once, thrice in (mlp, lenet):
        inputs = _inputs(make, shape)
        for part, what, program, work in (
            ("step", "training step with Adam", _step, thrice),
            ("gradient", "loss and gradient", _gradient, thrice),
            ("forward", "loss", _forward, once),
        ):
            found.append(
                Workload(
                    f"{name}_{part}",
                    f"{title}, {what}",
                    "batch",
                    sizes,
                    inputs,
                    program(make),
                    work,
                    large=large,
                )
            )
    return found


def _adam_inputs(size: int) -> dict[str, Any]:
    return {"w": normal(1, (size,)), "grad": normal(2, (size,))}


def _adam(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    rule = optim.Adam(RATE)

    def step(w: Array, state: Any, grad: Array) -> tuple[Array, Any]:
        return optim.update(rule, w, grad, state, donate=True)

    run = compile(step, donate_argnums=(0, 1))
    # the caller's array is given up
    held = [arrays["w"] + 0.0, optim.init(rule, arrays["w"])]

    def again() -> Array:
        held[:] = run(*held, arrays["grad"])
        return held[0]

    return again


WORKLOADS = (
    *_networks(),
    Workload(
        "adam",
        "Adam's step",
        "parameters",
        (10_000, 100_000, 1_000_000, 10_000_000),
        _adam_inputs,
        _adam,
        lambda size: 28.0 * size,  # seven streams of float32
        "B",
        large=(100_000_000,),
    ),
)
