"""A permanent tape namespace: what a differentiated program sees, open to tests of the array API standard."""

import functools
from typing import Any

from xdl.autodiff._functions import functions_of
from xdl.autodiff._tape import Cotangents, Tape
from xdl.autodiff._traced_namespace import TracedExtension, TracedNamespace
from xdl.autodiff._variable import Variable
from xdl.core import Array

__all__ = ["traced"]

MODES = ("constant", "active", "swept")


class _Forgetful(list):
    """Entries of a tape that is never closed: counted, looked at, and not kept."""

    def __init__(self, functions: Any, swept: bool) -> None:
        super().__init__()
        self._functions, self._swept, self._count = functions, swept, 0

    def __len__(self) -> int:
        return self._count

    def append(self, entry: Any, /) -> None:
        """Check an operation: its operands, and in mode "swept" its derivatives."""
        self._count += 1
        if entry is None:
            return
        operation, _, y, args, _ = entry
        if any(type(x) is Variable for x in (y, *args)):
            message = f"{operation.name}: a value of the level below is a variable"
            raise AssertionError(message)
        if self._swept and not isinstance(y, tuple) and not operation.name.startswith("output "):
            self._sweep(*entry)

    def _sweep(self, operation: Any, nodes: Any, y: Array, args: Any, options: Any) -> None:
        """Run both directions of the derivative, and look at the kinds of arrays that come out."""
        xp = self._functions
        cotangents = Cotangents(len(nodes))
        places = tuple(None if node is None else k for k, node in enumerate(nodes))
        operation.pull(xp.ones_like(y), cotangents, places, y, args, options)
        tangents = [None if node is None else xp.ones_like(x) for node, x in zip(nodes, args, strict=True)]
        found = [(operation.push(tangents, y, args, options), y, "tangent of the result")]
        found += [(cotangents[k], args[k], f"cotangent of argument {k}") for k in places if k is not None]
        for dx, x, what in found:
            if dx is not None and (dx.shape != x.shape or dx.dtype != x.dtype):
                message = (
                    f"{operation.name}: the {what} has shape {dx.shape} and dtype {dx.dtype}, "
                    f"its primal {x.shape} and {x.dtype}"
                )
                raise AssertionError(message)


class _Activating(TracedNamespace):
    """Namespace whose creation functions return inputs of the tape, where the numbers are of a continuum."""

    def _creation(self, name: str, function: Any) -> Any:
        create, level = super()._creation(name, function), self._level

        @functools.wraps(create)
        def created(*args: Any, **options: Any) -> Any:
            y = create(*args, **options)
            inexact = level.functions.isdtype(y.dtype, ("real floating", "complex floating"))
            return level.input(y._value) if inexact and y._node is None else y

        return created


class _ActivatingExtension(_Activating, TracedExtension):
    pass


def _active(level: Tape) -> TracedNamespace:
    namespace = _Activating(level, level.functions)
    if hasattr(level.functions, "fft"):  # the one extension that has creation functions
        vars(namespace)["fft"] = _ActivatingExtension(level, level.functions.fft)
    return namespace


def traced(base: Any, *, mode: str = "constant") -> Any:
    """Make a namespace of traced arrays over ``base``, for tests that need one outside a transform.

    Parameters
    ----------
    base : namespace
        Of the array API standard.
    mode : {"constant", "active", "swept"}
        Whether created arrays are constants of the program, or inputs of the tape wherever they hold
        floating-point numbers, so that every operation on them looks for its rule. "swept" then also runs
        both directions of that rule, and compares the shapes and dtypes of what comes out.

    Returns
    -------
    namespace
        Its level of tracing is never closed; nothing is kept of the operations.

    Examples
    --------
    >>> import array_api_compat.numpy as np
    >>> from xdl.testing import traced
    >>> xp = traced(np)
    >>> xp.sum(xp.ones(3)).__array_namespace__() is xp
    True
    """
    if mode not in MODES:
        message = f"`mode` must be one of {MODES}, got {mode!r}"
        raise ValueError(message)
    level = Tape(functions_of(base.zeros(1)), full=True)
    level.entries = _Forgetful(level.functions, mode == "swept")
    if mode != "constant":
        level._namespace = _active(level)
    return level.namespace
