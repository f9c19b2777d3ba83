"""Operations: rules made ready for the arrays of one library.

An operation has ``pull(dy, cotangents, nodes, y, args, options)``, which adds to the cotangents of its
operands, and ``push(tangents, y, args, options)``, which returns the tangent of ``y``.
"""

import functools
import itertools
from collections.abc import Callable
from typing import Any

from xdl.core import Array, NoRuleError

from ._registry import Operand, Partials, Rule

__all__ = ["Operation", "elementwise", "general", "item", "project"]


class Operation:
    """A name, and the two directions of its derivative."""

    __slots__ = ("name", "pull", "push")

    def __init__(self, name: str, pull: Callable[..., None], push: Callable[..., Any]) -> None:
        self.name, self.pull, self.push = name, pull, push


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


def elementwise(xp: Any, name: str, rule: Partials) -> dict[tuple[Any, ...], Operation]:
    """Operations of an elementwise function, by ``(active, ..., alike)``.

    One flag tells for each operand whether it is active, the last whether all operands are known to have the
    shape and dtype of the result.
    """
    n = len(rule.derivatives)
    push = _push_terms(xp, [_term(xp, d, rule.strong) for d in rule.derivatives])
    table = {}
    for flags in itertools.product((False, True), repeat=n + 1):
        active = flags[:n]
        if any(active) and not any(a and d is None for a, d in zip(active, rule.derivatives, strict=True)):
            table[flags] = Operation(name, _pull_terms(xp, name, rule, active, flags[n]), push)
    return table


def _pull_terms(
    xp: Any, name: str, rule: Partials, active: tuple[bool, ...], alike: bool
) -> Callable[..., None]:
    """Compile the pullback of an elementwise function for its active operands.

    The code is the loop over the operands, unrolled: this is the hottest function of the backward sweep.
    """
    xs = [f"x{k}" for k in range(len(active))]
    lines = [
        "def pull(dy, cotangents, nodes, y, args, options):",
        f"    {', '.join(xs)}, = args",
        f"    {', '.join(f'n{k}' for k in range(len(active)))}, = nodes",
    ]
    scope: dict[str, Any] = {"xp": xp, "project": project}
    for k in (k for k, a in enumerate(active) if a):
        scope[f"d{k}"] = derivative = rule.derivatives[k]
        called = (
            f"x{derivative.index}" if isinstance(derivative, Operand) else f"d{k}(xp, y, {', '.join(xs)})"
        )
        product = _LITERAL.get(derivative, f"dy * {called}")
        if rule.strong and product not in _LITERAL.values():
            product = f"xp.where(dy == 0, dy, {product})"
        lines.append(f"    dx = {product}")
        if not alike:
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
    exec(compile("\n".join(lines), f"<pullback of {name}>", "exec"), scope)
    return scope["pull"]


_LITERAL: dict[Any, str] = {0: "xp.zeros_like(dy)", 1: "dy", -1: "-dy"}


def _term(xp: Any, derivative: Any, strong: bool) -> Any:
    """Product of a derivative with a tangent, as a function ``(t, y, args)``; None for 1."""
    if isinstance(derivative, Operand):
        return lambda t, y, args: t * args[derivative.index]
    if derivative == 0:
        return lambda t, y, args: xp.zeros_like(t)
    if derivative == 1:
        return None
    if derivative == -1:
        return lambda t, y, args: -t
    if strong:
        return lambda t, y, args: xp.where(t == 0, t, t * derivative(xp, y, *args))
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

    return Operation(name, pull, push)


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
