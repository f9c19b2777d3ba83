"""Numba, an optional compiler: it is sought when a large array comes, or much has been done, and never before.

A compiled loop reads and writes every number once, where NumPy needs a pass for each operation. The first call on a
machine compiles for a second and keeps the result on disk; later programs load it in a fraction of that, together
with Numba itself. A few small arrays never wait for either.
"""

import collections
import contextlib
import functools
import importlib
from collections.abc import Iterator
from types import ModuleType

__all__ = ["loops", "loops_of_many", "without"]

LARGE = 1 << 20  # elements from which compiled loops pay

_met: dict[str, int] = collections.Counter()  # elements of all arrays so far, by concept
_refused: list[None] = []


def loops(concept: str, size: int, *, least: int = LARGE) -> ModuleType | None:
    """Module of the compiled loops of a concept; None where arrays are small or Numba is absent."""
    return None if size < least or _refused else _load(concept)


def loops_of_many(concept: str, size: int, *, least: int = LARGE) -> ModuleType | None:
    """As `loops`, where small arrays come again and again: what counts are the elements of all so far."""
    _met[concept] += size
    return loops(concept, _met[concept], least=least)


@functools.cache
def _load(concept: str) -> ModuleType | None:
    try:
        return importlib.import_module(f"{__package__}._{concept}_numba")
    except ImportError:
        return None


@contextlib.contextmanager
def without() -> Iterator[None]:
    """Leave Numba out inside the block, as if it were absent."""
    _refused.append(None)
    try:
        yield
    finally:
        _refused.pop()
