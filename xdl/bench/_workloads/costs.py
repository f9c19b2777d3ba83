"""What the library itself costs: random numbers, an operation that is recorded, a call of a generic function."""

from collections.abc import Callable
from typing import Any

from xdl import autodiff, nn
from xdl.core import Array, array_namespace, random, use_backend

from .workload import Workload, normal

__all__ = ["WORKLOADS"]

OPERATIONS = 200
CALLS = 200


def _key(size: int) -> dict[str, Any]:
    with use_backend("numpy"):
        return {"key": random.key(0), "size": size}


def _random(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    key, shape = arrays["key"], (arrays["size"],)
    run = compile(lambda key: random.normal(key, shape))
    return lambda: run(key)


def _chain_inputs(size: int) -> dict[str, Any]:
    return {"x": normal(1, (size,)), "w": 1 + normal(2, (size,), 1e-3), "b": normal(3, (size,), 1e-3)}


def _tape(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    def chain(x: Array, w: Array, b: Array) -> Array:
        for _ in range(OPERATIONS // 4):
            x = x * w
            x = x + b
            x = x * 0.999
            x = x - w
        return array_namespace(x).sum(x)

    run = compile(autodiff.value_and_grad(chain, (0, 1, 2)))
    return lambda: run(arrays["x"], arrays["w"], arrays["b"])[0]


def _call_inputs(size: int) -> dict[str, Any]:
    return {"x": normal(1, (size,))}


def _call(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
    x, relu = arrays["x"], nn.relu

    def calls() -> Array:
        y = x
        for _ in range(CALLS):
            y = relu(x)
        return y

    return calls


WORKLOADS = (
    Workload(
        "random",
        "Normal random numbers, those of xdl the same everywhere",
        "numbers",
        (1_000, 30_000, 1_000_000),
        _key,
        _random,
        float,
        "numbers",
        compiles="needed",
        large=(30_000_000,),
        exact=False,  # beside it stands each library's own generator: that is the price of the same bits
    ),
    Workload(
        "tape",
        f"Gradient of {OPERATIONS} operations on vectors",
        "length",
        (16, 1_000, 30_000),
        _chain_inputs,
        _tape,
        lambda size: float(OPERATIONS),
        "operations",
        compiles="needed",
        large=(1_000_000,),
    ),
    Workload(
        "call",
        f"{CALLS} calls of relu on a vector",
        "length",
        (16, 1_000, 30_000),
        _call_inputs,
        _call,
        lambda size: float(CALLS),
        "calls",
        compiles="never",
        large=(1_000_000,),
    ),
)
