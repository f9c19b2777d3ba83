"""Pairs of steps and changes of the gradient, of which methods with limited memory make their matrices."""

from typing import Any

from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

__all__ = ["FORGET", "KEEP", "put_pair"]

KEEP, FORGET = -1, -2  # slots that are none


@generic
def put_pair(S: Array, Y: Array, R: Array, slot: Array, s: Array, y: Array, row: Array, /) -> Any:
    """Write a pair over an old one.

    Parameters
    ----------
    S, Y : (..., m, n) array
        Steps and changes of the gradient. They may be overwritten.
    R : (..., m, m) array
        Matrix over pairs, which may be overwritten: the old pair's column becomes zero, its row ``row``.
    slot : (...) integer array
        Where the pair goes; `KEEP` for none, `FORGET` to make ``R`` zero instead.
    s, y : (..., n) array
        The pair.
    row : (..., m) array
        Row of ``R``.

    Returns
    -------
    S, Y, R : array
        The same objects, if they were overwritten.
    """
    xp = array_namespace(S)
    here = xp.arange(S.shape[-2], dtype=slot.dtype, device=device_of(slot)) == slot[..., None]
    at = here[..., None]
    S, Y = xp.where(at, s[..., None, :], S), xp.where(at, y[..., None, :], Y)
    R = xp.where(here[..., None, :] | (slot == FORGET)[..., None, None], xp.zeros_like(R), R)
    return S, Y, xp.where(at, row[..., None, :], R)
