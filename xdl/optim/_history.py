"""Pairs of steps and changes of the gradient, of which methods with limited memory make their matrices."""

from typing import Any

from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of, is_array

__all__ = ["FORGET", "KEEP", "put_pair"]

KEEP, FORGET = -1, -2  # slots that are none


@generic
def put_pair(
    S: Array, Y: Array, R: Array, a: Array, s: Array, y: Array, row: Array, slot: Any, product: Any, /
) -> Any:
    """Write a pair over an old one. The arrays of all pairs may be overwritten.

    Parameters
    ----------
    S, Y : (..., m, n) array
        Steps and changes of the gradient.
    R : (..., m, m) array
        Triangular matrix over pairs: the old pair's column becomes zero, its row ``row``, its diagonal entry one.
    a : (..., m) array
        A number for each pair.
    s, y : (..., n) array
        The pair.
    row : (..., m) array
        Row of ``R``.
    slot : int or (...) integer array
        Where the pair goes; `KEEP` for nowhere, `FORGET` to make ``R`` zero instead.
    product : float or (...) array
        Entry of ``a``.

    Returns
    -------
    S, Y, R, a : array
        The same objects, if they were overwritten.
    """
    xp = array_namespace(S)
    if not is_array(slot):
        slot = xp.asarray(slot, dtype=xp.int32, device=device_of(S))
        product = xp.asarray(product, dtype=a.dtype, device=device_of(S))
    here = xp.arange(S.shape[-2], dtype=slot.dtype, device=device_of(slot)) == slot[..., None]
    down, across = here[..., None], here[..., None, :]
    S, Y = xp.where(down, s[..., None, :], S), xp.where(down, y[..., None, :], Y)
    row = xp.where(here, xp.ones_like(row), row)[..., None, :]
    gone = across | (slot == FORGET)[..., None, None]
    R = xp.where(down, row, xp.where(gone, xp.zeros_like(R), R))
    return S, Y, R, xp.where(here, product[..., None], a)
