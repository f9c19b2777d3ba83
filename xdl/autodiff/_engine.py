"""The tape as an engine of transforms: any array-API namespace, any depth, both modes."""

import functools
from collections.abc import Callable
from typing import Any

from xdl.core import Array, tree
from xdl.core._namespace import is_array

from ._constants import newest_level, uniform
from ._functions import Functions, functions_of
from ._operations import Operation, item, project
from ._tape import Forward, Tape, pull, push
from ._variable import Variable

__all__ = ["checkpoint", "custom_rule", "jvp", "linearize", "stop_gradient", "value_and_grad", "vjp"]


def _functions_of(leaves: list[Any]) -> Functions:
    return functions_of(next(x for x in leaves if is_array(x)))


def _strip(level: Tape, leaves: list[Any]) -> tuple[list[Any], list[Any]]:
    """Values below a level, and nodes, of the leaves of a result."""
    values, nodes = [], []
    for x in leaves:
        mine = type(x) is Variable and x._level is level
        values.append(x._value if mine else x)
        nodes.append(x._node if mine else None)
    return values, nodes


def _stripped(level: Tape, result: Any) -> Any:
    leaves, structure = tree.flatten(result)
    return tree.unflatten(structure, _strip(level, leaves)[0])


def _constants(level: Tape, x: Any) -> Any:
    if is_array(x):
        return Variable(level, x, None)
    return tree.map(lambda leaf: Variable(level, leaf, None) if is_array(leaf) else leaf, x)


def _like(y: Array, d: Array) -> Array:
    """Cotangent or tangent ``d`` as a constant of the level of its primal, if that is traced."""
    return Variable(y._level, d, None) if type(y) is Variable and type(d) is not Variable else d


def value_and_grad(
    f: Callable[..., Any], argnums: tuple[int, ...], has_aux: bool, args: tuple[Any, ...], options: Any
) -> tuple[Any, tuple[Any, ...]]:
    """Value of a scalar function and its gradients."""
    leaves, structure = tree.flatten(tuple(args[k] for k in argnums))
    level = Tape(_functions_of(leaves))
    inputs = [level.input(x) for x in leaves]
    nodes = [v._node for v in inputs]  # now: assignment to items of an argument rebinds its variable
    try:
        active = iter(tree.unflatten(structure, inputs))
        chosen = {k: next(active) for k in argnums}
        # the other arguments become constants of the level: third-party code then sees one namespace
        result = f(
            *(chosen[k] if k in chosen else _constants(level, x) for k, x in enumerate(args)), **options
        )
        y, aux = result if has_aux else (result, None)
        y, node = (y._value, y._node) if type(y) is Variable and y._level is level else (y, None)
        aux = _stripped(level, aux) if has_aux else None
    finally:
        entries = level.close()
    xp = level.functions
    grads = [None] * len(leaves)
    if node is not None:
        seed = xp.ones_like(y)
        grads = pull(entries, {node: seed}, nodes, consume=True)
    filled = [xp.zeros_like(x) if g is None else g for g, x in zip(grads, leaves, strict=True)]
    return ((y, aux) if has_aux else y), tree.unflatten(structure, filled)


def _trace(f: Callable[..., Any], primals: tuple[Any, ...], has_aux: bool, *, full: bool) -> Any:
    """Run ``f`` on a new tape; return what the sweeps need."""
    leaves, structure = tree.flatten(primals)
    level = Tape(_functions_of(leaves), full=full)
    inputs = [level.input(x) for x in leaves]
    nodes = [v._node for v in inputs]
    try:
        result = f(*tree.unflatten(structure, inputs))
        result, aux = result if has_aux else (result, None)
        out, out_structure = tree.flatten(result)
        values, out_nodes = _strip(level, out)
        aux = _stripped(level, aux) if has_aux else None
    finally:
        entries = level.close()
    return level.functions, entries, (leaves, structure, nodes), (values, out_structure, out_nodes), aux


def vjp(f: Callable[..., Any], primals: tuple[Any, ...], has_aux: bool) -> tuple[Any, ...]:
    """Value of a function, and its pullback."""
    xp, entries, (leaves, structure, nodes), (values, out_structure, out_nodes), aux = _trace(
        f, primals, has_aux, full=False
    )

    def pullback(dy: Any) -> tuple[Any, ...]:
        seeds: dict[int, Array] = {}
        for d, node, y in zip(_matching(out_structure, dy), out_nodes, values, strict=True):
            if node is not None:
                d = project(xp, _like(y, d), y)
                seeds[node] = seeds[node] + d if node in seeds else d
        found = pull(entries, seeds, nodes, consume=False)
        filled = [xp.zeros_like(x) if g is None else g for g, x in zip(found, leaves, strict=True)]
        return tree.unflatten(structure, filled)

    y = tree.unflatten(out_structure, values)
    return (y, pullback, aux) if has_aux else (y, pullback)


def _matching(structure: Any, values: Any) -> list[Any]:
    found, other = tree.flatten(values)
    if other != structure:
        raise tree.TreeError(
            tree.explain_difference(tree.unflatten(structure, range(structure.num_leaves)), values)
        )
    return found


def jvp(f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], has_aux: bool) -> Any:
    """Value of a function, and its derivative in a direction, carried forward."""
    leaves, structure = tree.flatten(primals)
    directions = _matching(structure, tangents)
    level = Forward(_functions_of(leaves))
    xp = level.functions
    try:
        inputs = [Variable(level, x, _like(x, dx)) for x, dx in zip(leaves, directions, strict=True)]
        result = f(*tree.unflatten(structure, inputs))
        result, aux = result if has_aux else (result, None)
        out, out_structure = tree.flatten(result)
        values, found = _strip(level, out)
        aux = _stripped(level, aux) if has_aux else None
    finally:
        level.close()
    y = tree.unflatten(out_structure, values)
    dy = tree.unflatten(out_structure, _filled(xp, found, values))
    return (y, dy, aux) if has_aux else (y, dy)


def _filled(xp: Functions, tangents: list[Any], values: list[Any]) -> list[Any]:
    return [
        (xp.zeros_like(y) if is_array(y) else 0.0) if t is None else t
        for t, y in zip(tangents, values, strict=True)
    ]


def linearize(f: Callable[..., Any], primals: tuple[Any, ...]) -> tuple[Any, Callable[..., Any]]:
    """Value of a function, and its derivative as a linear function that does not run ``f`` again."""
    xp, entries, (leaves, structure, nodes), (values, out_structure, out_nodes), _ = _trace(
        f, primals, False, full=True
    )
    wanted = [node for node in out_nodes if node is not None]

    def pushforward(*tangents: Any) -> Any:
        directions = map(_like, leaves, _matching(structure, tangents))
        seeds = dict(zip(nodes, directions, strict=True))
        arrived = iter(push(entries, seeds, wanted))
        found = [None if node is None else next(arrived) for node in out_nodes]
        return tree.unflatten(out_structure, _filled(xp, found, values))

    return tree.unflatten(out_structure, values), pushforward


def stop_gradient(x: Array) -> Array:
    """Constant with the value of ``x``, at every level."""
    return Variable(x._level, stop_gradient(x._value), None) if type(x) is Variable else x


# ---- functions with derivatives of their own ----


class _Later(list):
    """Entries recorded while a part of the program runs again: their nodes go on from ``start``."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self.start = start

    def __len__(self) -> int:
        return self.start + super().__len__()

    def own(self) -> list[Any]:
        """Recorded entries, by node from ``start``."""
        return list(self)


def checkpoint(f: Callable[..., Any], args: tuple[Any, ...], options: Any) -> Any:
    """Run ``f`` without keeping what its gradient needs; run it again when the gradient is asked for.

    Variables that ``f`` captures from around it are treated right, since the second run records on the
    same level, with nodes that begin where the first run began.
    """
    level = newest_level(tree.leaves((args, options)), {})
    if level is None or isinstance(level, Forward):
        return f(*args, **options)
    start, kept = len(level.entries), level.entries

    def run(entries: list[Any]) -> Any:
        before, level.entries = level.entries, entries
        try:
            leaves, structure = tree.flatten(f(*args, **options))
            return (*_strip(level, leaves), structure)
        finally:
            level.entries = before

    first = _Later(start)
    values, nodes, structure = run(first)
    # what the first run keeps: which earlier entries it reads
    outer = tuple(sorted({n for entry in first.own() for n in entry[1] if n is not None and n < start}))
    del first
    # node -> place among the outputs; a captured variable returned as it came has an older node
    inner = [node for node in nodes if node is not None and node >= start]
    if not inner:
        results = [Variable(level, y, node) for y, node in zip(values, nodes, strict=True)]
        return tree.unflatten(structure, results)

    def again() -> tuple[list[Any], list[Any]]:
        later = _Later(start)
        _, found, _ = run(later)
        return later.own(), [node for node in found if node is not None and node >= start]

    def pull_again(dy: Any, cotangents: Any, _: Any, y: Any, operands: Any, options: Any) -> None:
        entries, outputs = again()
        cotangents.extend([None] * (start + len(entries) - list.__len__(cotangents)))
        saved = {n: cotangents[n] for n in range(start, start + len(entries))}
        for n in saved:
            cotangents[n] = None
        owned, cotangents.owned = cotangents.owned, {n for n in cotangents.owned if n < start}
        for node, d in zip(outputs, dy, strict=True):
            if d is not None:
                cotangents.accumulate(node, d)
        for n in range(start + len(entries) - 1, start - 1, -1):
            d, cotangents[n] = cotangents[n], None
            if d is not None:
                operation, operand_nodes, yn, xs, opts = entries[n - start]
                operation.pull(d, cotangents, operand_nodes, yn, xs, opts)
        for n, d in saved.items():
            cotangents[n] = d
        cotangents.owned = {n for n in cotangents.owned if n < start} | {n for n in owned if n >= start}

    def push_again(tangents: Any, y: Any, operands: Any, options: Any) -> Any:
        entries, outputs = again()
        found = dict(zip(outer, tangents, strict=True))
        for n, (operation, operand_nodes, yn, xs, opts) in enumerate(entries, start):
            incoming = [found.get(node) for node in operand_nodes]
            if any(t is not None for t in incoming):
                found[n] = operation.push(incoming, yn, xs, opts)
        return [found.get(node) for node in outputs]

    whole = len(kept)
    kept.append((Operation("checkpoint", pull_again, push_again), outer, (), (), None))
    results, place = [], 0
    for y, node in zip(values, nodes, strict=True):
        if node is not None and node >= start:
            results.append(level.record(item(place), (whole,), y, (), len(inner)))
            place += 1
        else:
            results.append(Variable(level, y, node) if is_array(y) else y)
    return tree.unflatten(structure, results)


def _call_rule(function: Callable[..., Any], *trees: Any) -> Any:
    """Call a rule of the user's own, with plain arrays beside variables made constants of their level."""
    leaves, structure = tree.flatten(trees)
    return function(*tree.unflatten(structure, uniform(leaves)))


def custom_rule(f: Callable[..., Any], pullback: Any, pushforward: Any) -> Callable[..., Any]:
    """Give ``f``, a function of trees, derivatives of its own at every level of tracing."""

    def call(*args: Any) -> Any:
        leaves, structure = tree.flatten(args)
        level = newest_level(leaves, {})
        if level is None:
            return f(*args)
        xp = level.functions
        values, nodes = _strip(level, leaves)
        result = call(*tree.unflatten(structure, values))
        out, out_structure = tree.flatten(result)
        below = tree.unflatten(structure, values)

        def pull_custom(dy: Any, cotangents: Any, nodes: Any, ys: Any, xs: Any, options: Any) -> None:
            if pullback is None:
                _pull_by_push(xp, dy, cotangents, nodes, ys, xs)
                return
            filled = [xp.zeros_like(y) if d is None else d for d, y in zip(dy, ys, strict=True)]
            found = _call_rule(pullback, tree.unflatten(out_structure, filled), result, *below)
            for node, x, dx in zip(nodes, xs, _matching(structure, tuple(found)), strict=True):
                if node is not None:
                    cotangents.accumulate(node, project(xp, dx, x))

        def push_custom(tangents: Any, ys: Any, xs: Any, options: Any) -> Any:
            filled = [
                (xp.zeros_like(x) if is_array(x) else 0.0) if t is None else t
                for t, x in zip(tangents, xs, strict=True)
            ]
            if pushforward is None:
                dy = _push_by_pull(xp, filled, xs)
            else:
                dy = _call_rule(pushforward, tree.unflatten(structure, filled), result, *below)
            return tuple(_matching(out_structure, dy))

        def _pull_by_push(xp: Any, dy: Any, cotangents: Any, nodes: Any, ys: Any, xs: Any) -> None:
            # the pushforward is linear in the tangents: its own pullback is the transpose
            zeros = tree.unflatten(structure, [xp.zeros_like(x) if is_array(x) else x for x in xs])
            _, transpose = vjp(lambda *t: _call_rule(pushforward, t, result, *below), zeros, False)
            filled = [xp.zeros_like(y) if d is None else d for d, y in zip(dy, ys, strict=True)]
            found = tree.leaves(transpose(tree.unflatten(out_structure, filled)))
            for node, x, dx in zip(nodes, xs, found, strict=True):
                if node is not None:
                    cotangents.accumulate(node, project(xp, dx, x))

        def _push_by_pull(xp: Any, filled: Any, xs: Any) -> Any:
            # J t is the derivative of u -> J^T u, transposed once more
            zeros = tree.unflatten(out_structure, [xp.zeros_like(y) for y in out])
            _, transpose = vjp(lambda u: tuple(_call_rule(pullback, u, result, *below)), (zeros,), False)
            return transpose(tree.unflatten(structure, filled))[0]

        if all(node is None for node in nodes):
            return tree.unflatten(out_structure, [Variable(level, y, None) for y in out])
        operation = Operation(getattr(f, "__name__", "custom"), pull_custom, push_custom)
        whole = level.record(operation, tuple(nodes), tuple(out), tuple(values), None)
        parts = [level.record(item(k), (whole._node,), y, (), len(out)) for k, y in enumerate(out)]
        return tree.unflatten(out_structure, parts)

    return functools.wraps(f)(call)
