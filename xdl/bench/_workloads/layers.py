"""Layers, forward and backward, in float32: the gradients of all their arguments for a given cotangent."""

from collections.abc import Callable
from typing import Any

from xdl import autodiff, nn
from xdl.core import Array

from .workload import Workload, normal

__all__ = ["WORKLOADS"]


def _pullback(layer: Callable[..., Array], *names: str) -> Callable[..., Callable[[], Array]]:
    """Program of ``layer(*arguments)``, differentiated by the arguments of these names."""

    def program(arrays: dict[str, Any], compile: Callable[..., Any]) -> Callable[[], Array]:
        def both(dy: Array, *arguments: Array) -> tuple[Array, ...]:
            return autodiff.vjp(layer, *arguments)[1](dy)

        run, arguments = compile(both), [arrays[name] for name in names]
        return lambda: run(arrays["dy"], *arguments)[0]

    return program


def _conv_inputs(images: int) -> dict[str, Any]:
    place = (images, 16, 16, 64)
    return {"x": normal(1, place), "w": normal(2, (3, 3, 64, 64), 0.04), "dy": normal(3, place)}


def _attention_inputs(time: int) -> dict[str, Any]:
    return {name: normal(k, (4, 8, time, 64)) for k, name in enumerate(("q", "k", "v", "dy"))}


def _lstm_inputs(time: int) -> dict[str, Any]:
    n_in, m, batch = 64, 128, 32
    return {
        "x": normal(1, (batch, time, n_in)),
        "w_x": normal(2, (n_in, 4 * m), 0.1),
        "w_h": normal(3, (m, 4 * m), 0.1),
        "b": normal(4, (4 * m,), 0.1),
        "dy": normal(5, (batch, time, m)),
    }


def _rows_inputs(rows: int) -> dict[str, Any]:
    return {"x": normal(1, (rows, 1024)), "dy": normal(2, (rows, 1024))}


def _scaled_inputs(rows: int) -> dict[str, Any]:
    return {**_rows_inputs(rows), "scale": normal(3, (1024,)), "bias": normal(4, (1024,))}


WORKLOADS = (
    Workload(
        "conv",
        "Convolution 3 x 3, 64 to 64 channels, 16 x 16",
        "images",
        (1, 4, 16, 64),
        _conv_inputs,
        _pullback(lambda x, w: nn.conv(x, w, padding="same"), "x", "w"),
        lambda images: 3 * 2.0 * images * 256 * 9 * 64 * 64,
        large=(256,),
    ),
    Workload(
        "attention",
        "Attention, batch 4, 8 heads of 64",
        "queries and keys",
        (32, 128, 512),
        _attention_inputs,
        _pullback(nn.attention, "q", "k", "v"),
        lambda time: 6 * 2.0 * 32 * time * time * 64,
        large=(2048,),
    ),
    Workload(
        "lstm",
        "LSTM 64 to 128, batch 32",
        "time",
        (8, 32, 128),
        _lstm_inputs,
        _pullback(lambda x, w_x, w_h, b: nn.lstm(x, None, None, w_x, w_h, b)[0], "x", "w_x", "w_h", "b"),
        lambda time: 3 * 2.0 * 32 * time * (64 + 128) * 512,
        compiles="needed",  # torch's own kernel is what its compiler would call
        large=(512,),
    ),
    Workload(
        "softmax",
        "Softmax of rows of 1024",
        "rows",
        (16, 256, 4096),
        _rows_inputs,
        _pullback(nn.softmax, "x"),
        lambda rows: 5 * 4096.0 * rows,  # what goes in and comes out, the result once more
        "B",
        large=(32_768,),
    ),
    Workload(
        "layer_norm",
        "Layer norm of rows of 1024",
        "rows",
        (16, 256, 4096),
        _scaled_inputs,
        _pullback(nn.layer_norm, "x", "scale", "bias"),
        lambda rows: 5 * 4096.0 * rows,
        "B",
        large=(32_768,),
    ),
)
