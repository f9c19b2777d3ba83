"""Trees of arrays as vectors, in which all methods compute."""

import math
from typing import Any

from xdl.core import Array, array_namespace, tree
from xdl.core._namespace import is_array

__all__ = ["Flat"]


class Flat:
    """How a tree of parameters lies in one vector, or in one for each problem.

    Parameters
    ----------
    params : pytree of array
        Parameters of one floating-point dtype; if ``batched``, with one leading axis of equal length.
    batched : bool
        Whether the leading axis counts problems.

    Raises
    ------
    TypeError
        If a leaf is no array, not of a real floating-point dtype, or of another one than the first leaf.
    ValueError
        If leading axes differ.
    """

    def __init__(self, params: Any, *, batched: bool = False) -> None:
        named = [("", params)] if is_array(params) else tree.leaves_with_path(params)
        leaves = [leaf for _, leaf in named]
        for path, leaf in named:
            _check(path, leaf, leaves[0], batched)
        if not leaves:
            message = "`x0` must have at least one array; it is an empty tree, so no library is known"
            raise ValueError(message)
        self.first = leaves[0]
        self.structure = tree.structure(params)
        self.lead = 1 if batched else 0
        self.batch = tuple(leaves[0].shape[: self.lead])
        self.shapes = [tuple(leaf.shape[self.lead :]) for leaf in leaves]
        self.sizes = [math.prod(shape) for shape in self.shapes]
        self.size = sum(self.sizes)
        self._one = len(leaves) == 1
        self._plain = self._one and leaves[0] is params and len(self.shapes[0]) == 1

    def flatten(self, params: Any) -> Array:
        """Vector (..., size) of a tree."""
        if self._plain:
            return params
        leaves = tree.leaves(params)
        xp = array_namespace(*leaves)
        lead = tuple(leaves[0].shape[: self.lead])
        columns = [xp.reshape(leaf, (*lead, size)) for leaf, size in zip(leaves, self.sizes, strict=True)]
        return columns[0] if self._one else xp.concat(columns, axis=-1)

    def unflatten(self, x: Array) -> Any:
        """Tree of a vector (..., size); further leading axes are kept."""
        if self._plain:
            return x
        xp = array_namespace(x)
        leaves, start, lead = [], 0, tuple(x.shape[:-1])
        for shape, size in zip(self.shapes, self.sizes, strict=True):
            part = x if self._one else x[..., start : start + size]
            leaves.append(xp.reshape(part, (*lead, *shape)))
            start += size
        return tree.unflatten(self.structure, leaves)


def _check(path: str, leaf: Any, first: Any, batched: bool) -> None:
    where = f"leaf {path!r} of `x0`" if path else "`x0`"
    if not is_array(leaf):
        message = f"{where} must be an array, got {leaf!r}: make it one, for example with numpy.asarray"
        raise TypeError(message)
    xp = array_namespace(leaf)
    if not xp.isdtype(leaf.dtype, "real floating"):
        advice = "real and imaginary parts apart" if xp.isdtype(leaf.dtype, "complex floating") else "floats"
        message = f"{where} must be of a real floating-point dtype, got {leaf.dtype}: give {advice}"
        raise TypeError(message)
    if leaf.dtype != first.dtype:
        message = (
            f"all leaves of `x0` must be of one dtype, got {first.dtype} and, for {path!r}, {leaf.dtype}"
        )
        raise TypeError(message)
    if batched and (leaf.ndim == 0 or leaf.shape[0] != first.shape[0]):
        message = (
            "with batched=True all leaves of `x0` must have one leading axis of equal length, "
            f"got shapes {tuple(first.shape)} and {tuple(leaf.shape)}"
        )
        raise ValueError(message)
