"""Operations: rules made ready for the arrays of one library.

An operation has ``pull(dy, cotangents, nodes, y, args, options)``, which adds to the cotangents of its
operands, and ``push(tangents, y, args, options)``, which returns the tangent of ``y``. What ``pull`` does not
look at need not be kept: ``keeps_y`` tells of the result, and ``pack`` makes of the operands what is kept.
"""

import dis
import functools
from collections.abc import Callable
from typing import Any

from xdl.core import Array, NoRuleError

from ._registry import Operand, Partials, Rule

__all__ = ["Elementwise", "Operation", "general", "item", "project"]


class Operation:
    """A name, the two directions of its derivative, and what the backward one needs."""

    __slots__ = ("keeps_y", "name", "pack", "pull", "push")

    def __init__(
        self,
        name: str,
        pull: Callable[..., None],
        push: Callable[..., Any],
        keeps_y: bool = True,
        pack: Callable[..., Any] | None = None,
    ) -> None:
        self.name, self.pull, self.push, self.keeps_y, self.pack = name, pull, push, keeps_y, pack


class Outline:
    """Shape and dtype of an operand whose values the pullback does not need."""

    __slots__ = ("dtype", "ndim", "shape")

    def __init__(self, x: Array) -> None:
        self.shape, self.dtype, self.ndim = x.shape, x.dtype, x.ndim


def looked_at(function: Any, places: range) -> set[int]:
    """Places, among its positional parameters, that a function makes use of; without code to read, all."""
    code = getattr(function, "__code__", None)
    if code is None:
        return set(places)
    names = code.co_varnames[: code.co_argcount]
    used = set(code.co_cellvars)
    for instruction in dis.get_instructions(code):
        if "LOAD_FAST" in instruction.opname:
            found = instruction.argval
            used |= {found} if isinstance(found, str) else set(found)
    return {k for k in places if k >= len(names) or names[k] in used}


def project(xp: Any, dx: Array, x: Array) -> Array:
    """Cotangent as an array of the shape, realness and dtype of its primal."""
    if dx.shape != x.shape:
        missing = dx.ndim - x.ndim
        axes = tuple(range(missing)) + tuple(
            i + missing for i, n in enumerate(x.shape) if n == 1 and dx.shape[i + missing] != 1
        )
        dx = xp.reshape(xp.sum(dx, axis=axes) if axes else dx, x.shape)
    if dx.dtype != x.dtype:
        if xp.isdtype(dx.dtype, "complex floating") and xp.isdtype(x.dtype, "real floating"):
            dx = xp.real(dx)
        if dx.dtype != x.dtype:
            dx = xp.astype(dx, x.dtype)
    return dx


def _expand(xp: Any, dy: Array, y: Array) -> Array:
    """Tangent as an array of the shape and dtype of its primal."""
    if dy.shape != y.shape:
        dy = xp.broadcast_to(dy, y.shape)
    return dy if dy.dtype == y.dtype else xp.astype(dy, y.dtype)


class Elementwise(dict):
    """Operations of an elementwise function by ``(active, ..., alike, ...)``, each compiled when it is first asked for.

    The flags tell for each operand whether it is active, and then for each whether it is known to have the
    shape and dtype of the result. Where an active operand has no derivative there is None.
    """

    def __init__(self, xp: Any, name: str, rule: Partials) -> None:
        super().__init__()
        self._made_of = xp, name, rule
        self._push = _push_terms(xp, [_term(xp, d, rule.strong) for d in rule.derivatives])

    def __missing__(self, flags: tuple[bool, ...]) -> Operation | None:
        xp, name, rule = self._made_of
        n = len(rule.derivatives)
        active, alike = flags[:n], flags[n:]
        known = not any(a and d is None for a, d in zip(active, rule.derivatives, strict=True))
        self[flags] = made = _elementwise(xp, name, rule, active, alike, self._push) if known else None
        return made


def _elementwise(
    xp: Any, name: str, rule: Partials, active: tuple[bool, ...], alike: tuple[bool, ...], push: Any
) -> Operation:
    """Compile the pullback of an elementwise function for its active operands.

    The code is the loop over the operands, unrolled: this is the hottest function of the backward sweep.
    """
    n = len(active)
    xs = [f"x{k}" for k in range(n)]
    lines = [
        "def pull(dy, cotangents, nodes, y, args, options):",
        f"    {', '.join(xs)}, = args",
        f"    {', '.join(f'n{k}' for k in range(n))}, = nodes",
    ]
    scope: dict[str, Any] = {"xp": xp, "project": project, "Outline": Outline}
    needed: set[int] = set()  # 0 is the result, k + 1 operand k
    for k in (k for k, a in enumerate(active) if a):
        derivative = rule.derivatives[k]
        if isinstance(derivative, Operand):
            factor = f"x{derivative.index}"
            needed.add(derivative.index + 1)
        elif derivative not in _LITERAL:
            scope[f"d{k}"] = derivative
            factor = f"d{k}(xp, y, {', '.join(xs)})"
            needed |= {place - 1 for place in looked_at(derivative, range(1, n + 2))}
        else:
            factor = None
        product = f"xp.strong_product(dy, {factor})" if rule.strong else f"dy * {factor}"
        lines.append(f"    dx = {product if factor else _LITERAL[derivative]}")
        if not alike[k]:
            lines += [
                f"    if dx.shape != x{k}.shape or dx.dtype is not x{k}.dtype:",
                f"        dx = project(xp, dx, x{k})",
            ]
        lines += [
            f"    if cotangents[n{k}] is None:",
            f"        cotangents[n{k}] = dx",
            "    else:",
            f"        cotangents.accumulate(n{k}, dx)",
        ]
    packed = [
        f"x{k}" if k + 1 in needed else f"Outline(x{k})" if active[k] and not alike[k] else "None"
        for k in range(n)
    ]
    lines.append(f"pack = lambda {', '.join(xs)}: ({', '.join(packed)},)")
    exec(compile("\n".join(lines), f"<pullback of {name}>", "exec"), scope)
    return Operation(name, scope["pull"], push, 0 in needed, None if packed == xs else scope["pack"])


_LITERAL: dict[Any, str] = {0: "xp.zeros_like(dy)", 1: "dy", -1: "-dy"}


def _term(xp: Any, derivative: Any, strong: bool) -> Any:
    """Product of a derivative with a tangent, as a function ``(t, y, args)``; None for 1."""
    if isinstance(derivative, Operand):
        if strong:
            return lambda t, y, args: xp.strong_product(t, args[derivative.index])
        return lambda t, y, args: t * args[derivative.index]
    if derivative == 0:
        return lambda t, y, args: xp.zeros_like(t)
    if derivative == 1:
        return None
    if derivative == -1:
        return lambda t, y, args: -t
    if strong:
        return lambda t, y, args: xp.strong_product(t, derivative(xp, y, *args))
    return lambda t, y, args: t * derivative(xp, y, *args)


def _push_terms(xp: Any, terms: list[Any]) -> Callable[..., Array]:
    def push(tangents: Any, y: Array, args: Any, options: Any) -> Array:
        total = None
        for t, term in zip(tangents, terms, strict=True):
            if t is not None:
                dy = t if term is None else term(t, y, args)
                total = dy if total is None else total + dy
        return _expand(xp, total, y)

    return push


def general(xp: Any, name: str, rule: Rule, definition: Callable[..., Any] | None) -> Operation:
    """Operation of a rule with pullbacks and pushforwards.

    ``definition``, if given, computes tangents where the rule has no pushforward.
    """
    joint = callable(rule.pullback)
    keeps_y, pack = _needs(rule.pullback)

    def pull(dy: Any, cotangents: Any, nodes: Any, y: Any, args: Any, options: Any) -> None:
        if type(y) is tuple:
            dy = tuple(xp.zeros_like(yk) if d is None else d for d, yk in zip(dy, y, strict=True))
        if joint:
            wanted = tuple([node is not None for node in nodes])
            found = rule.pullback(xp, dy, y, wanted, *args, **options)
        else:
            found = [
                None if node is None else p(xp, dy, y, *args, **options)
                for node, p in zip(nodes, rule.pullback, strict=False)
            ]
        for node, x, dx in zip(nodes, args, found, strict=False):
            if node is not None and dx is not None:
                if dx.shape != x.shape or dx.dtype is not x.dtype:
                    dx = project(xp, dx, x)
                if cotangents[node] is None:
                    cotangents[node] = dx
                else:
                    cotangents.accumulate(node, dx)

    def push(tangents: Any, y: Any, args: Any, options: Any) -> Any:
        if rule.forward is not None:
            options = {key: x for key, x in options.items() if key != "saved"}
        if rule.pushforward is None:
            return _push_definition(xp, name, definition, tangents, args, options)
        if callable(rule.pushforward):
            return _expand(xp, rule.pushforward(xp, tangents, y, args, options), y)
        total = None
        for t, p in zip(tangents, rule.pushforward, strict=False):
            if t is None:
                continue
            dy = p(xp, t, y, *args, **options)
            if total is None:
                total = dy
            elif type(y) is tuple:
                total = tuple(a + b for a, b in zip(total, dy, strict=True))
            else:
                total = total + dy
        if type(y) is tuple:
            return tuple(_expand(xp, d, yk) for d, yk in zip(total, y, strict=True))  # pyright: ignore
        return _expand(xp, total, y)  # pyright: ignore[reportArgumentType]

    return Operation(name, pull, push, keeps_y, pack)


def _needs(pullback: Any) -> tuple[bool, Callable[..., Any] | None]:
    """Tell whether pullbacks look at the result, and how to pack the operands so that the others are not kept."""
    # parameters: xp, dy, y, then ``wanted`` of a joint pullback, then the operands
    first = 4 if callable(pullback) else 3
    functions = [pullback] if callable(pullback) else [p for p in pullback if p is not None]
    used = {place for f in functions for place in looked_at(f, range(2, first + _MOST_OPERANDS))}
    kept = [first + k in used for k in range(_MOST_OPERANDS)]
    if all(kept):
        return 2 in used, None

    @functools.cache
    def packer(n: int) -> Callable[..., Any]:
        xs, nodes = [f"x{k}" for k in range(n)], [f"n{k}" for k in range(n)]
        packed = [
            x if k >= _MOST_OPERANDS or kept[k] else f"None if {node} is None else Outline({x})"
            for k, (x, node) in enumerate(zip(xs, nodes, strict=True))
        ]
        source = f"lambda {', '.join(xs + nodes)}: ({', '.join(packed)},)"
        return eval(source, {"Outline": Outline})

    return 2 in used, lambda args, nodes: packer(len(args))(*args, *nodes)


_MOST_OPERANDS = 12  # whose use is looked up; further ones are kept


def _push_definition(xp: Any, name: str, definition: Any, tangents: Any, args: Any, options: Any) -> Any:
    from ._engine import jvp

    if definition is None:
        message = f"forward mode: the rule of {name!r} has no pushforward, and it is not a generic function"
        raise NoRuleError(message)
    active = [k for k, t in enumerate(tangents) if t is not None]

    def f(*xs: Array) -> Any:
        full = list(args)
        for k, x in zip(active, xs, strict=True):
            full[k] = x
        return definition(*full, **options)

    return jvp(f, tuple(args[k] for k in active), tuple(tangents[k] for k in active), False)[1]


@functools.cache
def item(k: int) -> Operation:
    """Operation that takes output ``k`` of a function of several outputs."""

    def pull(dy: Array, cotangents: Any, nodes: Any, y: Array, args: Any, options: Any) -> None:
        (node,) = nodes
        outputs = cotangents[node]
        if outputs is None:
            outputs = cotangents[node] = [None] * options
        outputs[k] = dy if outputs[k] is None else outputs[k] + dy

    return Operation(f"output {k}", pull, lambda tangents, y, args, options: tangents[0][k])
