"""Affine maps with rectifiers between them, as one function: its derivative passes through all of them at once."""

from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, generic

from ._activations.rectifiers import gate, relu
from ._linear import linear, linear_pullback

__all__ = ["relu_layers"]


@generic
def relu_layers(x: Array, /, *parameters: Array) -> Array:
    """Dense layers one after the other, with `relu` after each but the last.

    Parameters
    ----------
    x : (..., n_in) array
    *parameters : array or None
        Weights (n_in, n_out) and bias (n_out,) or None of each layer, in turns.

    Returns
    -------
    (..., n_out) array
    """
    last = len(parameters) - 2
    for k in range(0, last, 2):
        x = relu(linear(x, parameters[k], parameters[k + 1]))
    return linear(x, parameters[last], parameters[last + 1])


@generic
def relu_activations(x: Array, /, *parameters: Array) -> tuple[Array, ...]:
    """What enters each layer after the first, and what leaves the last."""
    last, found = len(parameters) - 2, []
    for k in range(0, last + 1, 2):
        x = linear(x, parameters[k], parameters[k + 1])
        found.append(relu(x) if k < last else x)
        x = found[-1]
    return tuple(found)


@generic
def relu_layers_pullback(
    dy: Array, x: Array, /, *arrays: Array, wanted: tuple[bool, ...]
) -> tuple[Array | None, ...]:
    """Cotangents of those of ``x`` and the parameters that are wanted.

    ``arrays`` are the parameters, and then what enters each layer after the first.
    """
    n = (len(arrays) + 1) // 3
    inputs, found = (x, *arrays[2 * n :]), [None] * (2 * n + 1)
    for k in range(n - 1, -1, -1):
        below = any(wanted[: 2 * k + 1])
        dx, *found[2 * k + 1 : 2 * k + 3] = linear_pullback(
            dy, inputs[k], arrays[2 * k], wanted=(below, *wanted[2 * k + 1 : 2 * k + 3])
        )
        if not below:
            break
        dy = gate(dx, inputs[k]) if k else dx
    return (dy if wanted[0] else None, *found[1:])


def _forward(x: Array, *parameters: Array) -> tuple[Array, tuple[Array, ...]]:
    *hidden, y = relu_activations(x, *parameters)
    return y, tuple(hidden)


def _pull(
    xp: Any, dy: Array, y: Array, wanted: tuple[bool, ...], x: Array, *parameters: Array, saved: Any = None
) -> tuple[Array | None, ...]:
    hidden = relu_activations(x, *parameters)[:-1] if saved is None else saved
    return relu_layers_pullback(dy, x, *parameters, *hidden, wanted=wanted)


rule(relu_layers, forward=_forward, pullback=_pull)
