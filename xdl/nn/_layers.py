"""Layers: functions together with the parameters they own."""

from collections.abc import Callable, Sequence
from typing import Any

from xdl.core import Array, Module, static

from ._activations.rectifiers import relu
from ._initializers import glorot_uniform, zeros
from ._linear import linear
from ._relu_layers import relu_layers
from ._training import deal, run, takes_key, training

__all__ = ["Activation", "Dense", "Sequential", "apply_layers", "as_layer"]


class Dense(Module):
    """Affine map of the last axis, followed by an activation.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n_in, n_out : int
        Lengths of the last axis before and after.
    activation : callable, optional
        Elementwise function of the result.
    bias : bool
        Whether there is a bias, which starts at zero.
    init : callable
        Initializer of the weights, ``init(key, (n_in, n_out), dtype=dtype)``.
    dtype : dtype, optional
        Default: float32.
    """

    weight: Array
    bias: Array | None
    activation: Callable[[Array], Array] | None = static()

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_out: int,
        *,
        activation: Callable[[Array], Array] | None = None,
        bias: bool = True,
        init: Callable[..., Array] = glorot_uniform,
        dtype: Any = None,
    ) -> None:
        self.weight = init(key, (n_in, n_out), dtype=dtype)
        self.bias = zeros(key, (n_out,), dtype=dtype) if bias else None
        self.activation = activation

    def __call__(self, x: Array, /) -> Array:
        """Map ``x`` (..., n_in) to (..., n_out)."""
        y = linear(x, self.weight, self.bias)
        return y if self.activation is None else self.activation(y)


def apply_layers(layers: Sequence[Callable[[Array], Array]], x: Array, /) -> Array:
    """Apply layers one after the other.

    Parameters
    ----------
    layers : sequence of callables
        Dense ones with `relu` after each but the last are differentiated as one function, which takes less time.
    x : array
        What the first one takes.

    Returns
    -------
    array
    """
    parameters: list[Any] = []
    for layer in layers:
        if type(layer) is not Dense or layer.activation is not (None if layer is layers[-1] else relu):
            break
        parameters += layer.weight, layer.bias
    else:
        if len(layers) > 1:
            return relu_layers(x, *parameters)
    for layer in layers:
        x = layer(x)
    return x


class Activation(Module):
    """A function without parameters, as a layer.

    Parameters
    ----------
    function : callable
    """

    function: Callable[[Array], Array] = static()

    def __call__(self, x: Array, /) -> Array:
        """Apply the function."""
        return self.function(x)


class Sequential(Module):
    """Layers applied one after the other.

    Parameters
    ----------
    *layers : callable
        Modules or plain functions; a function becomes an `Activation`. Those that take a keyword
        ``key`` get one each.
    """

    layers: tuple[Any, ...]
    random: tuple[bool, ...] = static()

    def __init__(self, *layers: Callable[..., Array]) -> None:
        self.layers = tuple(map(as_layer, layers))
        self.random = tuple(map(takes_key, self.layers))

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Apply the layers; with a key, those that draw random numbers do."""
        for layer, own in zip(self.layers, deal(key, self.random), strict=True):
            x = run(layer, x, own)
        return x

    def training(self, x: Array, /, *, key: Array | None = None) -> tuple[Array, Any]:
        """Apply the layers as in training; return the result, and the layers with new running statistics."""
        updated = []
        for layer, own in zip(self.layers, deal(key, self.random), strict=True):
            x, layer = training(layer, x, key=own)
            updated.append(layer)
        return x, self.replace(layers=tuple(updated))


def as_layer(f: Callable[..., Any]) -> Module:
    """Module, or a function as an `Activation`."""
    return f if isinstance(f, Module) else Activation(f)
