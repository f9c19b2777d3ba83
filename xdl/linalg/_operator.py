"""Linear operators: matrices, or functions that multiply; their vectors, or trees of arrays as one vector."""

import math
from collections.abc import Callable
from typing import Any

from xdl.core import Array, array_namespace, tree
from xdl.core._namespace import is_array

__all__ = ["Operator", "Vectors"]


class Vectors:
    """How right-hand sides lie in vectors: an array is one or many along its last axis, a tree is one of all its leaves.

    Parameters
    ----------
    b : (..., n) array or pytree of array
        What the vectors are like.

    Raises
    ------
    TypeError
        If something is no array of a real floating-point dtype, or leaves are of several.
    ValueError
        If an array has no axis, or a tree no array.
    """

    def __init__(self, b: Any) -> None:
        leaves = tree.leaves(b)
        if not leaves:
            message = "expected a right-hand side with at least one array, got an empty tree"
            raise ValueError(message)
        for leaf in leaves:
            if not is_array(leaf) or not array_namespace(leaf).isdtype(leaf.dtype, "real floating"):
                message = f"expected arrays of a real floating-point dtype, got {leaf!r}"
                raise TypeError(message)
        if len({leaf.dtype for leaf in leaves}) > 1:
            message = f"expected one dtype, got {sorted({str(leaf.dtype) for leaf in leaves})}"
            raise TypeError(message)
        self.plain = is_array(b)
        if self.plain and not b.ndim:
            message = "expected vectors of shape (..., n), got an array without axes"
            raise ValueError(message)
        self.structure = None if self.plain else tree.structure(b)
        self.shapes = None if self.plain else tuple(tuple(leaf.shape) for leaf in leaves)

    def __eq__(self, other: object) -> bool:
        """Whether vectors of both lie alike."""
        return isinstance(other, Vectors) and self._key() == other._key()

    def __hash__(self) -> int:
        """Hash of the structure and the shapes."""
        return hash(self._key())

    def _key(self) -> Any:
        return self.plain, self.structure, self.shapes

    def flatten(self, b: Any) -> Array:
        """Vector of a tree."""
        if self.plain:
            return b
        leaves = tree.leaves(b)
        xp = array_namespace(*leaves)
        return xp.concat([xp.reshape(leaf, (-1,)) for leaf in leaves])

    def unflatten(self, x: Array) -> Any:
        """Tree of a vector."""
        if self.plain:
            return x
        xp, leaves, start = array_namespace(x), [], 0
        for shape in self.shapes or ():
            size = math.prod(shape)
            leaves.append(xp.reshape(x[start : start + size], shape))
            start += size
        return tree.unflatten(self.structure, leaves)


class Operator:
    """Product with a vector as a function of the parameters of the operator, which derivatives reach.

    Parameters
    ----------
    A : (..., n, n) array or callable
        Matrix, or ``A(v, *args)``.
    args : tuple
        What ``A`` depends on, if it is a function.
    vectors : Vectors
        What ``A`` takes.
    """

    def __init__(self, A: Any, args: tuple[Any, ...], vectors: Vectors) -> None:
        if not callable(A) and not is_array(A):
            message = f"expected a matrix or a function that multiplies, got {A!r}"
            raise TypeError(message)
        self.function: Callable[..., Any] | None = None
        self.vectors = vectors
        if is_array(A):
            if args:
                message = "`args` are those of a function, and the operator is a matrix"
                raise ValueError(message)
            if A.ndim < 2 or A.shape[-1] != A.shape[-2] or not vectors.plain:
                message = f"expected square matrices (..., n, n) and vectors (..., n), got {tuple(A.shape)}"
                raise ValueError(message)
            args = (A,)
        else:
            self.function = A
        leaves, self.structure = tree.flatten(args)
        smooth = [is_array(x) and array_namespace(x).isdtype(x.dtype, "real floating") for x in leaves]
        self.places = tuple(k for k, flag in enumerate(smooth) if flag)
        self.theta = tuple(leaves[k] for k in self.places)
        self.fixed = tuple(None if flag else x for x, flag in zip(leaves, smooth, strict=True))
        self.key = (self.function, vectors, self.structure, self.places, self._fixed_key())

    def _fixed_key(self) -> Any:
        # an array that no derivative reaches, such as one of integers, makes the operator one of its kind
        return tuple(id(x) if is_array(x) else x for x in self.fixed)

    def product(self, theta: tuple[Array, ...], v: Array) -> Array:
        """Product of the operator with parameters ``theta`` and a vector."""
        if self.function is None:
            return multiply(theta[0], v)
        leaves = list(self.fixed)
        for k, x in zip(self.places, theta, strict=True):
            leaves[k] = x
        found = self.function(self.vectors.unflatten(v), *tree.unflatten(self.structure, leaves))
        found = self.vectors.flatten(found)
        if tuple(found.shape) != tuple(v.shape):
            message = f"the operator must return vectors of shape {tuple(v.shape)}, got {tuple(found.shape)}"
            raise ValueError(message)
        return found


def multiply(A: Array, v: Array) -> Array:
    """Product of matrices with vectors (..., n); one matrix with many vectors is one product."""
    xp = array_namespace(A, v)
    if A.ndim == 2:
        return xp.matmul(v, xp.matrix_transpose(A)) if v.ndim > 1 else xp.matmul(A, v)
    return xp.matmul(A, v[..., None])[..., 0]
