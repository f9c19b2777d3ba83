"""Layers: functions together with the parameters they own."""

import inspect
from collections.abc import Callable
from typing import Any

from xdl.core import Array, Module, random, static

from ._dropout import check_rate, dropout
from ._initializers import glorot_uniform, zeros
from ._linear import linear

__all__ = ["Activation", "Dense", "Dropout", "Sequential"]


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


class Dropout(Module):
    """Dropout during training, nothing during inference.

    Parameters
    ----------
    rate : float
        Probability that an entry is dropped, in [0, 1].
    """

    rate: float = static()

    def __init__(self, rate: float) -> None:
        check_rate(rate)
        self.rate = rate

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Drop entries of ``x``; without a key, return ``x``."""
        return x if key is None else dropout(x, key, rate=self.rate)


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
        self.layers = tuple(f if isinstance(f, Module) else Activation(f) for f in layers)
        self.random = tuple("key" in inspect.signature(f).parameters for f in self.layers)

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Apply the layers; with a key, as in training."""
        keys = None if key is None or not any(self.random) else random.split(key, sum(self.random))
        used = 0
        for layer, draws in zip(self.layers, self.random, strict=True):
            if keys is not None and draws:
                x = layer(x, key=keys[used, ...])
                used += 1
            else:
                x = layer(x)
        return x
