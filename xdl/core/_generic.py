"""Generic functions: one portable definition, and faster methods for the arrays of a backend."""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from ._backends import backend_of_type, load_backends
from ._namespace import SCALARS, Array, array_namespace, is_traced

__all__ = ["capabilities", "generic", "portable", "which"]

_generics: dict[str, Any] = {}

# The context variable is read only while some thread is inside portable(): the list says whether one is.
_forcing: list[None] = []
_forced: ContextVar[bool] = ContextVar("xdl_portable", default=False)

# (generic function) -> callable that runs it on traced arrays; set by xdl.autodiff
_trace: Callable[[Any], Callable[..., Any]] | None = None


def generic(definition: Callable[..., Any]) -> Any:
    """Make a function generic over array libraries.

    The decorated function is the portable definition, written against the array API standard alone.
    A backend registers a faster method for its own arrays with ``function.method(name)``; without
    one, or where every method declines, the definition runs. Dispatch looks at the types of the
    positional parameters annotated as arrays; options are keywords.

    Parameters
    ----------
    definition : callable
        ``definition(*arrays, **options)``.

    Returns
    -------
    callable
        The generic function, with attributes ``definition``, ``method``, ``methods`` and ``rule``.
    """
    call: Any = functools.wraps(definition)(_dispatcher(definition))

    def method(backend: str, *, when: Callable[..., bool] | None = None) -> Callable[[Any], Any]:
        """Register an implementation for the arrays of ``backend``; later ones are asked first.

        ``when(*args, **options)`` must decide by shapes, dtypes and options alone, never by values;
        where it returns False the method declines.
        """

        def register(implementation: Callable[..., Any]) -> Callable[..., Any]:
            call.methods.setdefault(backend, []).insert(0, (when, implementation))
            call.table.clear()
            return implementation

        return register

    call.definition = definition
    call.methods = {}
    call.method = method
    call.rule = None
    parts = definition.__module__.split(".")
    public = [p for p in parts[1:-1] if p != "core" and not p.startswith("_")]
    call.name = ".".join([*public, definition.__name__])
    _generics[call.name] = call
    return call


def _dispatcher(definition: Callable[..., Any]) -> Any:
    """Compile ``definition``'s own signature around the table: no ``*args`` or ``**options`` on the hot path."""
    parameters = inspect.signature(definition).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        message = f"{definition.__qualname__}: a generic function names its options, without **"
        raise TypeError(message)
    arrays = [p for p in parameters if p.kind is not p.KEYWORD_ONLY and p.annotation in _ARRAY_ANNOTATIONS]
    if not arrays:
        message = f"{definition.__qualname__}: a generic function has a positional parameter annotated Array"
        raise TypeError(message)
    heads, passed, slash, star = [], [], False, False
    for p in parameters:
        if p.kind is not p.POSITIONAL_ONLY and heads and not slash:
            heads.append("/")
            slash = True
        if p.kind is p.KEYWORD_ONLY and not star:
            heads.append("*")
        star = star or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        if p.kind is p.VAR_POSITIONAL:
            heads.append(f"*{p.name}")
            passed.append(f"*{p.name}")
        else:
            heads.append(p.name if p.default is p.empty else f"{p.name}=_defaults[{p.name!r}]")
            passed.append(f"{p.name}={p.name}" if p.kind is p.KEYWORD_ONLY else p.name)
    names = ", ".join(f"*{p.name}" if p.kind is p.VAR_POSITIONAL else p.name for p in arrays)
    types = ", ".join(
        f"*map(type, {p.name})" if p.kind is p.VAR_POSITIONAL else f"type({p.name})" for p in arrays
    )
    key = types if len(arrays) == 1 and not types.startswith("*") else f"({types},)"
    source = (
        f"def call({', '.join(heads)}):\n"
        f"    method = None if _forcing else _table.get({key})\n"
        f"    if method is None:\n"
        f"        method = _resolve(call, ({names},), {key})\n"
        f"    return method({', '.join(passed)})\n"
    )
    table: dict[Any, Callable[..., Any]] = {}
    scope: dict[str, Any] = {
        "_defaults": {p.name: p.default for p in parameters},
        "_forcing": _forcing,
        "_table": table,
        "_resolve": _resolve,
    }
    exec(compile(source, f"<dispatch of {definition.__qualname__}>", "exec"), scope)
    call = scope["call"]
    call.table = table
    call.arrays = tuple(p.name for p in arrays)
    return call


_ARRAY_ANNOTATIONS = (
    Array,
    Array | None,
    list[Array],
    tuple[Array, ...],
    Sequence[Array],
    inspect.Parameter.empty,
)


def _kinds(args: tuple[Any, ...]) -> tuple[bool, str | None, bool]:
    """Tell (is one traced, name of the backend of the plain arrays, may the types be cached)."""
    traced, plain = False, []
    listed = any(type(x) in (list, tuple) for x in args)  # the type of a list does not tell what is in it
    for x in _flatten(args) if listed else args:
        cls = type(x)
        if is_traced(cls):
            traced = True
        elif cls not in SCALARS:
            plain.append(x)
    name = None
    if plain:
        array_namespace(*plain)  # two libraries in one call are refused here
        name = backend_of_type(type(plain[0]))
    return traced, name, not listed


def _flatten(args: Iterable[Any]) -> Iterator[Any]:
    for x in args:
        if type(x) in (list, tuple):
            yield from _flatten(x)
        else:
            yield x


def _resolve(function: Any, args: tuple[Any, ...], key: Any) -> Callable[..., Any]:
    traced, name, cache = _kinds(args)
    forced = bool(_forcing) and _forced.get()
    methods = () if forced else function.methods.get(name, ())
    if traced and _trace is not None:
        method = _trace(function)
    elif not methods:
        method = function.definition
    elif len(methods) == 1 and methods[0][0] is None:
        method = methods[0][1]
    else:
        method = _first_willing(tuple(methods), function.definition)
    if cache and not forced:
        function.table[key] = method
    return method


def _first_willing(methods: tuple[Any, ...], definition: Callable[..., Any]) -> Callable[..., Any]:
    def choose(*args: Any, **options: Any) -> Any:
        for when, implementation in methods:
            if when is None or when(*args, **options):
                return implementation(*args, **options)
        return definition(*args, **options)

    return choose


@contextlib.contextmanager
def portable() -> Iterator[None]:
    """Force the portable definitions of all generic functions inside the block, in this thread.

    Examples
    --------
    >>> import numpy as np
    >>> import xdl
    >>> with xdl.portable():
    ...     y = xdl.nn.relu(np.asarray([-1.0, 2.0]))
    """
    token = _forced.set(True)
    _forcing.append(None)
    try:
        yield
    finally:
        _forcing.pop()
        _forced.reset(token)


def which(function: Any, *args: Any, **options: Any) -> str:
    """Tell which implementation of a generic function a call would run, and why.

    Parameters
    ----------
    function : generic function
        For example ``xdl.nn.softmax``.
    *args, **options
        The arguments of the call; nothing is computed.

    Returns
    -------
    str
        One line: the implementation's place in the source, and the reason.
    """
    if not hasattr(function, "definition"):
        message = f"expected a generic function of xdl, got {function!r}"
        raise TypeError(message)
    bound = inspect.signature(function.definition).bind(*args, **options)
    bound.apply_defaults()
    args, options = bound.args, bound.kwargs
    traced, name, _ = _kinds(tuple(bound.arguments[name] for name in function.arrays))
    if traced:
        rule = "its own derivative rule" if function.rule is not None else "the portable definition, traced"
        return f"{function.name}: {rule} (a traced array takes part)"
    if _forcing and _forced.get():
        return _said(function, function.definition, "portable definition, forced by xdl.portable()")
    methods = function.methods.get(name, ())
    for when, implementation in methods:
        if when is None or when(*args, **options):
            return _said(function, implementation, f"method of backend {name!r}")
    if methods:
        reason = f"portable definition: every method of backend {name!r} declines these arguments"
    elif name is None:
        reason = "portable definition: no backend is registered for these arrays"
    else:
        reason = f"portable definition: backend {name!r} has no method"
    return _said(function, function.definition, reason)


def _said(function: Any, implementation: Callable[..., Any], reason: str) -> str:
    inner = inspect.unwrap(implementation)
    code = getattr(inner, "__code__", None)
    name = getattr(inner, "__name__", repr(inner))  # a function of the library itself, written in C
    place = f"{inner.__module__}:{code.co_firstlineno}" if code is not None else name
    return f"{function.name}: {place} ({reason})"


def capabilities() -> dict[str, dict[str, str]]:
    """Table of generic functions by backend.

    Returns
    -------
    dict
        ``table[function][backend]`` is ``"method"`` or ``"portable"``. Backends that are not usable
        here are left out.
    """
    names = load_backends()
    return {
        name: {b: "method" if function.methods.get(b) else "portable" for b in names}
        for name, function in sorted(_generics.items())
    }
