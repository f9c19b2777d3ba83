"""Functions of a library bound to their rules: what they compute on traced arrays they record."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array

from ._constants import is_active, is_inexact, no_derivative, option, uniform, without_derivative, wrap
from ._operations import Operation, general, item
from ._registry import Rule
from ._variable import Variable

__all__ = ["binary", "defined", "nary", "recorded", "unary"]

_new = object.__new__
# Python's numbers that take on the dtype of an array beside them
_WEAK = (float, int)


def unary(xp: Any, name: str, function: Any, table: Any) -> Callable[..., Any]:
    """Bind an elementwise function of one array, whose result has the shape and dtype of the argument."""
    operation = table[(True, True)]
    keeps_y, pack = operation.keeps_y, operation.pack

    def call(x: Array, /) -> Any:
        if type(x) is not Variable:
            return function(x)
        level, value, node, kind = x._level, x._value, x._node, x._kind
        y = call(value) if type(value) is Variable else function(value)
        if node is None:
            return Variable(level, y, None)
        if level.full:
            return level.record(operation, (node,), y, (value,), None)
        entries = level.entries
        entries.append((operation, (node,), y if keeps_y else None, (None,) if pack else (value,), None))
        variable = _new(Variable)
        variable._level = level
        variable._value = y
        variable._node = len(entries) - 1
        variable._kind = kind
        return variable

    return call


def binary(xp: Any, name: str, function: Any, table: Any) -> Callable[..., Any]:
    """Bind an elementwise function of two arrays."""
    kinds = xp._root._kinds
    both, left, right = (
        table[(*active, True, True)] for active in ((True, True), (True, False), (False, True))
    )

    def call(x: Array, y: Array, /) -> Any:
        if type(x) is Variable:
            level, a, i, kind = x._level, x._value, x._node, x._kind
            if type(y) is Variable:
                if y._level is level:
                    b, j = y._value, y._node
                    if y._kind is not kind:
                        kind = None
                else:
                    xp.admit(y)
                    if y._level.number < level.number:
                        b, j, kind = y, None, None
                    else:
                        level, a, i, b, j, kind = y._level, x, None, y._value, y._node, None
            else:
                b, j = y, None
                if type(b) not in _WEAK:
                    kind = None
                    if type(b) not in kinds:
                        xp.admit(b)
        elif type(y) is Variable:
            level, a, i, b, j = y._level, x, None, y._value, y._node
            kind = y._kind if type(a) in _WEAK else None
            if type(a) not in kinds:
                xp.admit(a)
        else:
            return function(x, y)
        if type(a) is Variable or type(b) is Variable:
            a, b = uniform((a, b))
            z = call(a, b)
        else:
            z = function(a, b)
        if i is None and j is None:
            return Variable(level, z, None)
        if kind is not None:
            operation = left if j is None else right if i is None else both
        else:
            shape, dtype = z.shape, z.dtype
            alike = i is not None and a.shape == shape and a.dtype is dtype
            alike_too = j is not None and b.shape == shape and b.dtype is dtype
            operation = table[(i is not None, j is not None, alike, alike_too)]
        if operation is None:
            raise no_derivative(name, (i, j))
        if level.full:
            return level.record(operation, (i, j), z, (a, b), None)
        pack, entries = operation.pack, level.entries
        kept = (a, b) if pack is None else pack(a, b)
        entries.append((operation, (i, j), z if operation.keeps_y else None, kept, None))
        variable = _new(Variable)
        variable._level = level
        variable._value = z
        variable._node = len(entries) - 1
        variable._kind = kind
        return variable

    return call


def _split(args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Find the newest level among the operands; give their values below it, and their nodes."""
    level = None
    for x in args:
        if type(x) is Variable and (level is None or x._level.number > level.number):
            level = x._level
    if level is None:
        return None, args, ()
    values, nodes, nested = [], [], False
    for x in args:
        node = None
        if type(x) is Variable and x._level is level:
            node, x = x._node, x._value
        if type(x) is Variable:
            nested = True
        values.append(x)
        nodes.append(node)
    return level, uniform(values) if nested else tuple(values), tuple(nodes)


def nary(xp: Any, name: str, function: Any, table: Any) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        level, values, nodes = _split(args)
        if level is None:
            return function(*args)
        y = call(*values)
        active = tuple(node is not None for node in nodes)
        if not any(active):
            return Variable(level, y, None)
        operation = table[(*active, *(False for _ in active))]
        if operation is None:
            raise no_derivative(name, nodes)
        if operation.pack is not None and not level.full:
            values = operation.pack(*values)
        return level.record(operation, nodes, y, values, None)

    return call


def recorded(xp: Any, name: str, function: Any, entry: Rule, definition: Any) -> Callable[..., Any]:
    operation = general(xp, name, entry, definition)
    pullback, forward = entry.pullback, entry.forward
    # places of the operands that there is a pullback for; None: all of them
    known = None if callable(pullback) else [k for k, p in enumerate(pullback) if p is not None]
    kinds = xp._root._kinds

    def call(*args: Any, **options: Any) -> Any:
        level = None
        for x in args:
            if type(x) is Variable and (level is None or x._level.number > level.number):
                level = x._level
        if level is None:
            return function(*args, **options)
        values, nodes, nested, active = [], [], False, False
        for x in args:
            node = None
            if type(x) is Variable:
                if x._level is level:
                    node, x = x._node, x._value
                    if node is not None:
                        active = True
                if type(x) is Variable:
                    nested = True
            if type(x) not in kinds:
                xp.admit(x)
            values.append(x)
            nodes.append(node)
        if active and known is not None:
            for k, node in enumerate(nodes):
                if node is not None and k not in known:
                    raise no_derivative(name, nodes)
        if options:
            options = {key: option(name, key, x) for key, x in options.items()}
        if nested:
            values = uniform(values)
            y = call(*values, **options)
        elif forward is not None and active and not level.carries:
            y, saved = forward(*values, **options)
            options = {**options, "saved": saved}
        else:
            y = function(*values, **options)
        if not active:
            return wrap(level, y)
        if operation.pack is not None and not level.full:
            values = operation.pack(values, nodes)
        return record(level, operation, nodes, y, values, options)

    return call


def record(level: Any, operation: Operation, nodes: Any, y: Any, args: Any, options: Any) -> Any:
    """Record an operation of one or several outputs."""
    if not isinstance(y, tuple):
        if operation.keeps_y or level.full:
            return level.record(operation, nodes, y, args, options)
        level.entries.append((operation, nodes, None, args, options))
        return Variable(level, y, len(level.entries) - 1)
    whole = level.record(operation, nodes, tuple(y), args, options)
    parts = [
        level.record(item(k), (whole._node,), part, (), len(y))
        if _is_inexact(level, part)
        else Variable(level, part, None)
        for k, part in enumerate(y)
    ]
    return type(y)(*parts) if hasattr(y, "_fields") else type(y)(parts)  # named tuple or the like


def _is_inexact(level: Any, x: Array) -> bool:
    """Whether an array holds real or complex numbers of a continuum."""
    return is_inexact(level.functions._base, x.dtype)


def defined(xp: Any, function: Any, definition: Any) -> Callable[..., Any]:
    constant = without_derivative(function)

    def call(*args: Any, **options: Any) -> Any:
        if any(map(is_active, (*args, *options.values()))):
            return definition(xp, *args, **options)
        return constant(*args, **options)

    return call
