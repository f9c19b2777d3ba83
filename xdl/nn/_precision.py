"""In which floating-point type a function computes."""

from typing import Any

from xdl.core import Array

__all__ = ["narrow", "widen"]


def widen(xp: Any, x: Array) -> Array:
    """Return ``x``, or ``x`` in float32 if it is half precision; refuse what is not a real float."""
    if x.dtype in (xp.float32, xp.float64):
        return x
    if not xp.isdtype(x.dtype, "real floating"):
        message = f"expected an array of real floating-point numbers, got {x.dtype}; convert it with astype"
        raise TypeError(message)
    return xp.astype(x, xp.float32)


def narrow(xp: Any, y: Array, like: Array) -> Array:
    """Return ``y`` in the type of ``like``."""
    return y if y.dtype == like.dtype else xp.astype(y, like.dtype)
