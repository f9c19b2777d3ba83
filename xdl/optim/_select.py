"""Which leaves of a tree are meant: by their paths, or by a function."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from xdl.core import Array, tree

__all__ = ["Selection", "selection"]


@dataclasses.dataclass(frozen=True)
class Selection:
    """Value for each leaf: of a function, or of the longest path that begins the leaf's.

    Parameters
    ----------
    function : callable, optional
        Of dotted path and leaf.
    prefixes : tuple of (str, object)
        Dotted paths of subtrees and leaves; the empty one is the whole tree.
    name : str
        What the caller calls it.
    """

    function: Callable[[str, Array], Any] | None
    prefixes: tuple[tuple[str, Any], ...]
    name: str

    def __call__(self, path: str, x: Array) -> Any:
        """Value for a leaf; None if no path fits."""
        if self.function is not None:
            return self.function(path, x)
        fitting = [(len(prefix), value) for prefix, value in self.prefixes if _begins(prefix, path)]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else None

    def survey(self, named: Sequence[tuple[str, Array]]) -> None:
        """Refuse a path that begins that of no leaf: it is misspelled."""
        for prefix, _ in self.prefixes:
            if not any(_begins(prefix, path) for path, _ in named):
                some = ", ".join(repr(path) for path, _ in named[:5])
                message = f"`{self.name}` has path {prefix!r}, where no leaf is; there are {some}"
                raise ValueError(message + (", ..." if len(named) > 5 else ""))


def selection(given: Any, kind: type, name: str) -> Selection:
    """Selection of a function, or of a tree with leaves of a type."""
    if callable(given):
        return Selection(given, (), name)
    pairs = tuple(tree.leaves_with_path(given))
    for path, value in pairs:
        if not isinstance(value, kind):
            message = f"`{name}` must be a function or a tree of {kind.__name__}, got {value!r} at {path!r}"
            raise TypeError(message)
    return Selection(None, pairs, name)


def paths(given: str | Iterable[str] | Any, name: str) -> Selection:
    """Selection of what is meant by one path, several, a function, or a tree of bools."""
    if isinstance(given, str):
        given = [given]
    if isinstance(given, list | tuple | set | frozenset) and all(isinstance(path, str) for path in given):
        return Selection(None, tuple((path, True) for path in given), name)
    return selection(given, bool, name)


def _begins(prefix: str, path: str) -> bool:
    return not prefix or path == prefix or path.startswith(prefix + ".")
