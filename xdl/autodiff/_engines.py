"""Which engine serves a call: the library's own where it has one, else the tape.

A traced array, or ``engine="tape"``, always means the tape.
"""

from types import ModuleType
from typing import Any

from xdl.core import Module, tree
from xdl.core._backends import backend_of
from xdl.core._namespace import is_array, is_traced

from . import _control, _engine

__all__ = ["engine_for", "has_traced", "native_engine", "native_function"]

_engines: dict[type, ModuleType | None] = {}


def native_engine(trees: Any) -> ModuleType | None:
    """Engine of the library that owns the first array; None for traced arrays, and where there is none."""
    x = trees
    while type(x) not in _engines:
        # down the first branch, which mostly ends in an array, sooner than an iterator finds it
        if isinstance(x, (tuple, list)) and x:
            x = x[0]
        elif isinstance(x, Module) and x._fields:
            x = x.__dict__[x._fields[0]]
        else:
            return _search(trees)
    return _engines[type(x)]


def _search(trees: Any) -> ModuleType | None:
    for x in tree.iterate(trees):
        cls = type(x)
        if cls in _engines:
            return _engines[cls]
        if is_traced(cls):
            return None
        if is_array(x):
            _engines[cls] = backend_of(x).engine
            return _engines[cls]
    return None


def native_function(name: str, trees: Any, engine: str | None) -> Any:
    """Function ``name`` of the library's own engine; None where the library has none, or the tape is asked for."""
    if engine not in (None, "native", "tape"):
        message = f"`engine` must be 'native', 'tape' or None, got {engine!r}"
        raise ValueError(message)
    return None if engine == "tape" else getattr(native_engine(trees), name, None)


def engine_for(name: str, trees: Any, engine: str | None) -> Any:
    """Find function ``name`` of the engine that serves these arrays."""
    found = native_function(name, trees, engine)
    if engine == "native" and found is None:
        message = f"engine='native': the library of these arrays has no {name} of its own; use engine='tape'"
        raise ValueError(message)
    return found or getattr(_engine, name, None) or getattr(_control, name)


def has_traced(trees: Any) -> bool:
    return any(is_traced(type(x)) for x in tree.leaves(trees))
