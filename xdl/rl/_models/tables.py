"""Tables of Python numbers as arrays, in double precision where that exists."""

from typing import Any

from xdl.core import Array, array_namespace, asarray

__all__ = ["floats"]


def floats(x: Any, like: Array | None) -> Array:
    """Array of floats in the library, dtype and device of ``like``, or of the current backend."""
    if like is not None:
        return asarray(x, like=like, dtype=like.dtype)
    y = asarray(x)
    info = array_namespace(y).__array_namespace_info__().dtypes(kind="real floating")
    return asarray(x, dtype=info.get("float64", info["float32"]))
