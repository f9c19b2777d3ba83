"""A layer whose weights are direction times length."""

from typing import Any

from xdl.core import Array, Module, array_namespace, static

from ._precision import narrow, widen
from ._training import run, takes_key, training
from ._weight_norm import check_weight_norm, weight_norm

__all__ = ["WeightNorm"]


class WeightNorm(Module):
    """Another layer with its weights as lengths times directions, which are learned apart: see `weight_norm`.

    Parameters
    ----------
    layer : Module
        For example a `Dense`. Its weights become the directions; the lengths start at theirs, so that the
        function of the layer stays.
    name : str
        Field of the layer that has the weights.
    axis : int or None
        Axis of the units, each of which has a length; None for one length of all.

    References
    ----------
    Salimans & Kingma (2016), arXiv:1602.07868, equation 2
    """

    layer: Any
    length: Array
    name: str = static()
    axis: int | None = static()
    random: bool = static()

    def __init__(self, layer: Any, *, name: str = "weight", axis: int | None = -1) -> None:
        v = getattr(layer, name, None)
        if v is None:
            message = f"{type(layer).__name__} has no array {name!r} to normalize"
            raise TypeError(message)
        xp, kept = array_namespace(v), [axis % len(v.shape)] if axis is not None else []
        others = tuple([i for i in range(len(v.shape)) if i not in kept])
        z = widen(xp, v)
        # reshaped, because NumPy's sum over all axes is no array
        square = xp.reshape(xp.sum(z * z, axis=others), tuple([v.shape[i] for i in kept]))
        self.length = narrow(xp, xp.sqrt(square), v)
        check_weight_norm(v, self.length, axis)
        self.layer, self.name, self.axis = layer, name, axis
        self.random = takes_key(layer)

    def plain(self) -> Any:
        """Return the layer with the weights themselves, which computes the same."""
        weight = weight_norm(getattr(self.layer, self.name), self.length, axis=self.axis)
        return self.layer.replace(**{self.name: weight})

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Apply the layer."""
        return run(self.plain(), x, key if self.random else None)

    def training(self, x: Array, /, *, key: Array | None = None) -> tuple[Array, Any]:
        """Apply the layer as in training; return the result, and the layer with new running statistics."""
        y, layer = training(self.plain(), x, key=key if self.random else None)
        return y, self.replace(layer=layer.replace(**{self.name: getattr(self.layer, self.name)}))
