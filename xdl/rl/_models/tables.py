"""Tables of Python numbers as arrays, in double precision where that exists."""

from typing import Any

from xdl.core import Array, array_namespace, asarray

__all__ = ["floats", "table_of"]


def floats(x: Any, like: Array | None) -> Array:
    """Array of floats in the library, dtype and device of ``like``, or of the current backend."""
    if like is not None:
        return asarray(x, like=like, dtype=like.dtype)
    y = asarray(x)
    info = array_namespace(y).__array_namespace_info__().dtypes(kind="real floating")
    return asarray(x, dtype=info.get("float64", info["float32"]))


def table_of(env: Any) -> Any:
    """Table ``P[state][action]`` of an environment of gymnasium; raise TypeError where it has none."""
    table = getattr(getattr(env, "unwrapped", env), "P", None)
    if table is None:
        message = (
            f"{env!r} has no table of transitions: `env.unwrapped.P` is needed, as FrozenLake, Taxi and "
            "CliffWalking have it"
        )
        raise TypeError(message)
    return table
