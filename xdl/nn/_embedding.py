"""Tokens as vectors: rows of a table, or of a unit matrix."""

from typing import Any

from xdl.core import Array, array_namespace

from ._gather import check_gather, rows_at

__all__ = ["embedding", "one_hot"]


def embedding(table: Array, index: Array, /, *, padding_index: int | None = None) -> Array:
    """Rows of a table, one for each token.

    Parameters
    ----------
    table : (n, d) array
    index : array of integers
        Tokens, in [0, n), in an array of any shape.
    padding_index : int, optional
        Token without a row: it gives zeros, and no derivative. (PyTorch gives the row that stands there.)

    Returns
    -------
    array of shape (*index.shape, d)
        A token outside of [0, n), negative ones too, gives NaN and has no derivative, on every backend.
    """
    if len(table.shape) != 2:
        message = f"expected `table` (n, d), got shape {tuple(table.shape)}"
        raise ValueError(message)
    check_gather(table, index, 0)
    if padding_index is None:
        return rows_at(table, index, axis=0, from_end=False)
    check_padding(padding_index, table.shape[0])
    xp = array_namespace(table, index)
    row = rows_at(table, index, axis=0, from_end=False)
    return xp.where(xp.expand_dims(index == padding_index, axis=-1), 0.0, row)


def check_padding(padding_index: int, n: int) -> None:
    """Refuse what is no token."""
    if not isinstance(padding_index, int) or not 0 <= padding_index < n:
        message = f"`padding_index` must be in [0, {n}), got {padding_index}"
        raise ValueError(message)


def one_hot(index: Array, n: int, /, *, dtype: Any = None, axis: int = -1) -> Array:
    """Rows of the unit matrix: 1 at the place of the index, else 0.

    Parameters
    ----------
    index : array of integers
        In [0, n); what is outside, negative ones too, gives zeros, as in ``jax.nn.one_hot``.
    n : int
        Number of classes.
    dtype : dtype, optional
        Default: float32.
    axis : int
        Where the axis of the classes stands in the result.

    Returns
    -------
    array
        Of the shape of ``index`` with an axis of length ``n`` inserted.
    """
    xp, ndim = array_namespace(index), len(index.shape) + 1
    if not xp.isdtype(index.dtype, "integral"):
        message = f"expected an index of integers, got {index.dtype}"
        raise TypeError(message)
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        message = f"`n` must be an integer that is not negative, got {n!r}"
        raise ValueError(message)
    if not -ndim <= axis < ndim:
        message = f"`axis` must be in [{-ndim}, {ndim}), got {axis}"
        raise ValueError(message)
    classes = xp.reshape(
        xp.arange(n, device=getattr(index, "device", None)),
        tuple([n if i == axis % ndim else 1 for i in range(ndim)]),
    )
    return xp.astype(xp.expand_dims(index, axis=axis) == classes, xp.float32 if dtype is None else dtype)
