"""Pytrees: nested containers with arrays at the leaves.

Tuples, lists, dictionaries, named tuples and modules are containers; None is an empty container;
everything else is a leaf.
"""

import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import optree

from ._errors import TreeError

__all__ = [
    "flatten",
    "leaves",
    "leaves_with_path",
    "map",
    "map_with_path",
    "structure",
    "unflatten",
]

NAMESPACE = "xdl"

# Called with (class, flatten, unflatten, names) for each registered node; backends mirror nodes in their own pytrees.
_mirrors: list[Callable[..., None]] = []
_nodes: list[tuple[Any, ...]] = []


def register(
    cls: type,
    flatten: Callable[[Any], tuple[tuple[Any, ...], Any, tuple[str, ...]]],
    unflatten: Callable[[Any, Iterable[Any]], Any],
    names: tuple[str, ...],
) -> None:
    """Make ``cls`` a container; ``flatten`` gives its children, its structure and ``names``, those of the children."""
    optree.register_pytree_node(cls, flatten, unflatten, namespace=NAMESPACE)
    _nodes.append((cls, flatten, unflatten, names))
    for mirror in _mirrors:
        mirror(cls, flatten, unflatten, names)


def add_mirror(mirror: Callable[..., None]) -> None:
    """Call ``mirror(cls, flatten, unflatten, names)`` for every container class, present and future."""
    _mirrors.append(mirror)
    for node in _nodes:
        mirror(*node)


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """Split a tree into its leaves and its structure.

    Returns
    -------
    leaves : list
    structure : PyTreeSpec
        Hashable; two trees of equal structure compare equal.
    """
    leaves, spec = optree.tree_flatten(tree, namespace=NAMESPACE)
    return leaves, spec


def unflatten(structure: Any, leaves: Iterable[Any]) -> Any:
    """Build a tree of a structure and its leaves; the inverse of `flatten`."""
    return optree.tree_unflatten(structure, leaves)


def structure(tree: Any) -> Any:
    """Structure of a tree, without its leaves."""
    return optree.tree_structure(tree, namespace=NAMESPACE)


def leaves(tree: Any) -> list[Any]:
    """Leaves of a tree, in order."""
    return optree.tree_leaves(tree, namespace=NAMESPACE)


def iterate(tree: Any) -> Iterator[Any]:
    """Iterate over the leaves of a tree; where all of them are looked at, `leaves` is quicker."""
    return iter(optree.tree_iter(tree, namespace=NAMESPACE))


def parts(tree: Any, whole: Callable[[Any], bool]) -> list[Any]:
    """Leaves of a tree, and containers of which ``whole`` is true in place of their leaves."""
    return optree.tree_leaves(tree, is_leaf=whole, namespace=NAMESPACE)


def map(function: Callable[..., Any], tree: Any, *rest: Any) -> Any:
    """Apply a function to corresponding leaves of trees.

    Parameters
    ----------
    function : callable
        Takes one leaf of each tree.
    tree, *rest : pytree
        Trees of equal structure.

    Raises
    ------
    TreeError
        If the structures differ; the message names the first path that does.
    """
    first, spec = flatten(tree)
    columns = [first]
    for other in rest:
        found, other_spec = flatten(other)
        if other_spec != spec:
            raise TreeError(explain_difference(tree, other))
        columns.append(found)
    return unflatten(spec, builtins.map(function, *columns))


def leaves_with_path(tree: Any) -> list[tuple[str, Any]]:
    """Pairs of dotted path and leaf, such as ``("layers.0.weight", w)``."""
    paths, found, _ = optree.tree_flatten_with_path(tree, namespace=NAMESPACE)
    return [(".".join(builtins.map(str, path)), leaf) for path, leaf in zip(paths, found, strict=True)]


def map_with_path(function: Callable[..., Any], tree: Any) -> Any:
    """Apply ``function(path, leaf)`` to the leaves of a tree; paths are dotted strings."""
    return unflatten(structure(tree), [function(path, leaf) for path, leaf in leaves_with_path(tree)])


def explain_difference(expected: Any, found: Any) -> str:
    """Name the first path at which two trees differ."""
    mine, theirs = dict(leaves_with_path(expected)), dict(leaves_with_path(found))
    missing, extra = [p for p in mine if p not in theirs], [p for p in theirs if p not in mine]
    parts = []
    if missing:
        parts.append(f"missing {missing[0] or 'the leaf'!r}" + _more(missing))
    if extra:
        parts.append(f"unexpected {extra[0] or 'a leaf'!r}" + _more(extra))
    if not parts:
        parts.append(
            f"containers or static fields differ: expected {structure(expected)}, got {structure(found)}"
        )
    return "trees differ in structure: " + ", ".join(parts)


def _more(paths: list[str]) -> str:
    return f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""


def spread(prefix: Any, tree: Any) -> list[Any]:
    """Leaves of ``prefix`` repeated so that there is one for each leaf of ``tree``; None counts as a leaf."""
    found: list[Any] = []

    def visit(value: Any, subtree: Any) -> None:
        found.extend([value] * len(leaves(subtree)))

    optree.tree_map_(visit, prefix, tree, is_leaf=lambda x: x is None, namespace=NAMESPACE)
    return found
