"""Layers in training: some draw random numbers, some return themselves with new running statistics."""

import inspect
from typing import Any

from xdl.core import Array, Module, random, tree

__all__ = ["deal", "run", "takes_key", "training"]


def training(layer: Any, x: Any, /, *, key: Array | None = None) -> tuple[Any, Any]:
    """Apply a layer as in training; return its result and the layer with new running statistics.

    Parameters
    ----------
    layer : callable
        A layer with a method ``training``, which is called; or any other layer or function, which is
        called with the key if it takes one, and returned as it is.
    x : array
        Whatever the layer takes.
    key : (2,) array of uint32, optional
        Randomness of the layers that draw; without it they do nothing, as in inference.

    Returns
    -------
    y : array
    layer : callable
        The updated layer; the given one has not changed.

    Raises
    ------
    TypeError
        If there is a layer with running statistics inside one that has no method ``training`` and so
        would not update them.

    Examples
    --------
    A loss for ``train.fit(..., has_aux=True)``, which calls it without a key for validation:

    >>> from xdl import nn
    >>> def loss(model, x, y, *, key=None):
    ...     if key is None:
    ...         return nn.mse(model(x), y), model
    ...     prediction, model = nn.training(model, x, key=key)
    ...     return nn.mse(prediction, y), model
    """
    method = getattr(layer, "training", None)
    if method is not None:
        return method(x, key=key)
    inner = tree.parts(layer, lambda part: part is not layer and _has_training(part))
    hidden = [part for part in inner if _has_training(part)]
    if hidden:
        message = (
            f"{type(layer).__name__} has a {type(hidden[0]).__name__} inside, which returns itself updated: "
            "give it a method `training(x, /, *, key=None) -> (y, layer)` that passes it on"
        )
        raise TypeError(message)
    return run(layer, x, key if key is not None and takes_key(layer) else None), layer


def _has_training(x: Any) -> bool:
    return isinstance(x, Module) and hasattr(x, "training")


def takes_key(layer: Any) -> bool:
    """Whether a layer draws random numbers: it takes a keyword ``key``."""
    try:
        return "key" in inspect.signature(layer).parameters
    except ValueError:  # a function without a signature
        return False


def deal(key: Array | None, draws: tuple[bool, ...]) -> list[Array | None]:
    """Deal a key of its own to each layer that draws, None to the others."""
    if key is None or not any(draws):
        return [None] * len(draws)
    keys = random.split(key, sum(draws))
    places = iter(range(sum(draws)))
    return [keys[next(places), ...] if drawing else None for drawing in draws]


def run(layer: Any, x: Any, key: Array | None) -> Any:
    """Apply a layer, with its key if it has got one."""
    return layer(x) if key is None else layer(x, key=key)
