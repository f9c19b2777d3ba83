"""Loops and branches where the library runs operation by operation: plain Python."""

from collections.abc import Callable
from typing import Any

from xdl.core import array_namespace, tree

__all__ = ["cond", "scan", "vmap", "while_loop"]


def scan(f: Callable[..., Any], init: Any, xs: Any, length: int, reverse: bool) -> tuple[Any, Any]:
    """Carry a state along the leading axis."""
    carry, found = init, [None] * length
    for i in range(length)[:: -1 if reverse else 1]:
        carry, found[i] = f(carry, tree.map(lambda x, i=i: x[i, ...], xs))
    return carry, _stack(found)


def _stack(items: list[Any]) -> Any:
    if not items or not tree.leaves(items[0]):
        return items[0] if items else None
    return tree.map(lambda *parts: array_namespace(*parts).stack(list(parts)), *items)


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], operands: Any) -> Any:
    """Run one of two functions."""
    return true_fun(*operands) if bool(pred) else false_fun(*operands)


def while_loop(cond_fun: Callable[..., Any], body_fun: Callable[..., Any], init: Any) -> Any:
    """Repeat while a condition holds."""
    value = init
    while bool(cond_fun(value)):
        value = body_fun(value)
    return value


def vmap(f: Callable[..., Any], in_axes: Any, out_axes: Any, args: tuple[Any, ...]) -> Any:
    """Map by a loop over the mapped axis, and stack the results."""
    mapped = []
    for arg, axes in zip(args, in_axes, strict=True):
        leaves, structure = tree.flatten(arg)
        flat = [axes] * len(leaves) if axes is None or isinstance(axes, int) else tree.spread(axes, arg)
        mapped.append((leaves, structure, flat))
    lengths = {
        x.shape[a] for leaves, _, flat in mapped for x, a in zip(leaves, flat, strict=True) if a is not None
    }
    if len(lengths) != 1:
        message = f"vmap: the mapped axes must have one length, got {sorted(lengths) or 'no mapped axis'}"
        raise ValueError(message)
    found = [
        f(
            *(
                tree.unflatten(
                    s, [x if a is None else _take(x, a, i) for x, a in zip(leaves, flat, strict=True)]
                )
                for leaves, s, flat in mapped
            )
        )
        for i in range(lengths.pop())
    ]
    if not found:
        message = "vmap: the mapped axis is empty, so the shape of the result is unknown"
        raise ValueError(message)
    flat_axes = tree.spread(out_axes, found[0])
    columns = zip(*(tree.leaves(item) for item in found), strict=True)
    stacked = [_join(list(column), axis) for column, axis in zip(columns, flat_axes, strict=True)]
    return tree.unflatten(tree.structure(found[0]), stacked)


def _take(x: Any, axis: int, i: int) -> Any:
    return x[(slice(None),) * (axis % x.ndim) + (i, ...)]


def _join(parts: list[Any], axis: int | None) -> Any:
    if axis is None:
        return parts[0]
    xp = array_namespace(*parts)
    return xp.stack([xp.asarray(p) for p in parts], axis=axis)
