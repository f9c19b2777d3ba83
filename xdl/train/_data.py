"""Examples in batches, in an order that depends on nothing but the key and the epoch."""

import math
from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace, random, tree
from xdl.core._namespace import device_of, is_array

__all__ = ["Batches", "call_on", "select"]


class Batches:
    """Arrays of equal leading length, cut into batches; the last one may be smaller."""

    def __init__(self, data: Any, size: int, name: str) -> None:
        leaves = tree.leaves_with_path(data)
        if not leaves:
            message = f"`{name}` must hold at least one array, got {data!r}"
            raise ValueError(message)
        for path, x in leaves:
            if not is_array(x) or not x.shape:
                message = f"leaf {path!r} of `{name}` must be an array with examples along its first axis"
                raise TypeError(message)
        lengths = {path: x.shape[0] for path, x in leaves}
        self.n = lengths[leaves[0][0]]
        if set(lengths.values()) != {self.n}:
            message = f"the arrays of `{name}` must have equally many examples, got {lengths}"
            raise ValueError(message)
        if self.n == 0:
            message = f"`{name}` holds no examples"
            raise ValueError(message)
        self.data, self.like = data, leaves[0][1]
        self.size = min(size, self.n)
        self.steps = math.ceil(self.n / self.size)
        self.xp = array_namespace(*[x for _, x in leaves])
        last = self.n - (self.steps - 1) * self.size
        self.sizes = [self.size] * (self.steps - 1) + [last]
        self._offsets = self._range(self.size), self._range(last)

    def _range(self, n: int) -> Array:
        return self.xp.arange(n, device=device_of(self.like))

    def order(self, key: Array | None) -> Array:
        """Order of the examples: random, or as they are."""
        return self._range(self.n) if key is None else random.permutation(key, self.n)

    def place(self, step: int) -> tuple[Array, Array]:
        """Where a batch begins in the order, as an array, so that nothing is compiled anew; and offsets from there."""
        offsets = self._offsets[step == self.steps - 1]
        device = device_of(self.like)
        return self.xp.asarray(step * self.size, dtype=offsets.dtype, device=device), offsets


def select(data: Any, order: Array, place: tuple[Array, Array]) -> Any:
    """Batch at a place of the order."""
    xp, (start, offsets) = array_namespace(order), place
    rows = xp.take(order, start + offsets)
    return tree.map(lambda x: xp.take(x, rows, axis=0), data)


def call_on(f: Callable[..., Any], model: Any, batch: Any, **options: Any) -> Any:
    """``f(model, *batch)``, or ``f(model, batch)`` where the batch is no tuple or list."""
    return f(model, *batch, **options) if isinstance(batch, tuple | list) else f(model, batch, **options)
