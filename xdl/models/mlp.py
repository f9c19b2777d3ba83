"""Multilayer perceptron: affine maps with activations between them."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from xdl import nn
from xdl.core import Array, Module, random, static

__all__ = ["MLP"]


class MLP(Module):
    """Multilayer perceptron.

    Parameters
    ----------
    key : (2,) array of uint32
        The model's arrays are of the key's backend.
    sizes : sequence of int
        Length of the input, of each hidden layer, and of the output.
    activation : callable
        Follows each layer but the last.
    dropout : float
        Rate of dropout after each activation, in training.
    bias : bool
        Whether the layers have biases.
    init : callable
        Initializer of the weights.
    dtype : dtype, optional
        Default: float32.

    Examples
    --------
    >>> import xdl
    >>> model = xdl.models.MLP(xdl.random.key(0), (4, 3, 2))
    >>> [path for path, _ in xdl.tree.leaves_with_path(model)]
    ['layers.0.weight', 'layers.0.bias', 'layers.1.weight', 'layers.1.bias']
    """

    layers: tuple[nn.Dense, ...]
    dropout: nn.Dropout
    sizes: tuple[int, ...] = static()

    def __init__(
        self,
        key: Array,
        sizes: tuple[int, ...],
        *,
        activation: Callable[[Array], Array] = nn.relu,
        dropout: float = 0.0,
        bias: bool = True,
        init: Callable[..., Array] = nn.glorot_uniform,
        dtype: Any = None,
    ) -> None:
        sizes = tuple(sizes)
        if len(sizes) < 2:
            message = f"`sizes` must name at least the input and the output, got {sizes}"
            raise ValueError(message)
        last = len(sizes) - 2
        keys = random.split(key, last + 1)
        self.layers = tuple(
            nn.Dense(
                keys[i, ...],
                n_in,
                n_out,
                activation=None if i == last else activation,
                bias=bias,
                init=init,
                dtype=dtype,
            )
            for i, (n_in, n_out) in enumerate(pairwise(sizes))
        )
        self.dropout = nn.Dropout(dropout)
        self.sizes = sizes

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Map ``x`` (..., sizes[0]) to (..., sizes[-1]); with a key, drop entries as in training."""
        *hidden, output = self.layers
        if key is None or not hidden:
            return nn.apply_layers(self.layers, x)
        keys = random.split(key, len(hidden))
        for i, layer in enumerate(hidden):
            x = self.dropout(layer(x), key=keys[i, ...])
        return output(x)
