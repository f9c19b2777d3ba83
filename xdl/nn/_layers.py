"""Layers: functions together with the parameters they own."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, Module, static

from ._initializers import glorot_uniform, zeros
from ._linear import linear
from ._training import deal, run, takes_key, training

__all__ = ["Activation", "Dense", "Sequential", "as_layer"]


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
