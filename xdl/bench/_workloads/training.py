"""Networks: the loss, its gradient, and a step of training with Adam, all in float32; and Adam alone."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from xdl import models, nn, optim
from xdl.core import Array

from .network import RATE, Network, classified
from .workload import Workload, normal

__all__ = ["WORKLOADS"]

SIZES = (784, 256, 128, 10)

MLP = Network(
    "mlp",
    "MLP 784-256-128-10",
    "batch",
    (16, 64, 256, 1024),
    (4096,),
    lambda key: models.MLP(key, SIZES, init=nn.he_normal),
    classified((SIZES[0],)),
    lambda batch: 2.0 * batch * sum(n * m for n, m in pairwise(SIZES)),
    lambda batch: 2.0 * batch * SIZES[0] * SIZES[1],
)


def _products_lenet(batch: int) -> float:
    places = 28 * 28 * 25 * 6 + 10 * 10 * 25 * 6 * 16
    return 2.0 * batch * (places + 400 * 120 + 120 * 84 + 84 * 10)


LENET = Network(
    "lenet",
    "LeNet-5",
    "batch",
    (8, 64, 256),
    (1024,),
    models.LeNet5,
    classified((28, 28, 1)),
    _products_lenet,
    lambda batch: 2.0 * batch * 28 * 28 * 25 * 6,
)


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
    *MLP.workloads,
    *LENET.workloads,
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
