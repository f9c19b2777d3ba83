"""The layer that owns a table of vectors."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, Module, random, static

from ._embedding import check_padding, embedding

__all__ = ["Embedding"]


class Embedding(Module):
    """Vectors of tokens.

    Parameters
    ----------
    key : (2,) array of uint32
        The table is of the key's backend.
    n, d : int
        Number of tokens, length of a vector.
    padding_index : int, optional
        Token that gives zeros and has no derivative.
    init : callable
        Initializer of the table, ``init(key, (n, d), dtype=dtype)``; standard normal by default, as in
        PyTorch.
    dtype : dtype, optional
        Default: float32.
    """

    weight: Array
    padding_index: int | None = static()

    def __init__(
        self,
        key: Array,
        n: int,
        d: int,
        *,
        padding_index: int | None = None,
        init: Callable[..., Array] = random.normal,
        dtype: Any = None,
    ) -> None:
        if padding_index is not None:
            check_padding(padding_index, n)
        self.weight = init(key, (n, d), dtype=dtype)
        self.padding_index = padding_index

    def __call__(self, index: Array, /) -> Array:
        """Map tokens (...) to vectors (..., d)."""
        return embedding(self.weight, index, padding_index=self.padding_index)
