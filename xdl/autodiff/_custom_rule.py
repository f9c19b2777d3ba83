"""Derivatives of the user's own."""

import functools
from collections.abc import Callable
from typing import Any

from . import _engine
from ._engines import engine_for, has_traced

__all__ = ["custom_rule"]


class custom_rule:  # noqa: N801  a decorator
    """Give a function derivatives of its own, on every engine.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays, positional arguments only, that returns a pytree of arrays.
    pullback : callable, optional
        ``pullback(dy, y, *args)`` returns the tuple of cotangents of the arguments.
    pushforward : callable, optional
        ``pushforward(dargs, y, *args)`` returns the tangent of ``y``; it must be linear in ``dargs``. One of
        the two suffices: the other direction is its transpose.

    Examples
    --------
    >>> import numpy as np
    >>> import xdl
    >>> @xdl.custom_rule
    ... def clipped(x):
    ...     return x
    >>> @clipped.pullback
    ... def _(dy, y, x):
    ...     return (xdl.array_namespace(dy).clip(dy, -1.0, 1.0),)
    >>> float(xdl.grad(lambda x: 5.0 * clipped(x))(np.asarray(1.0)))
    1.0
    """

    def __init__(self, f: Callable[..., Any], *, pullback: Any = None, pushforward: Any = None) -> None:
        functools.update_wrapper(self, f)
        self._f, self._pullback, self._pushforward = f, pullback, pushforward
        self._ready: dict[Any, Callable[..., Any]] = {}

    def pullback(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register the pullback; usable as a decorator."""
        self._pullback = function
        self._ready.clear()
        return function

    def pushforward(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register the pushforward; usable as a decorator."""
        self._pushforward = function
        self._ready.clear()
        return function

    def __call__(self, *args: Any) -> Any:
        """Run the function on arrays of any library, traced or not."""
        if self._pullback is None and self._pushforward is None:
            message = f"custom_rule: give {self._f.__name__} a pullback or a pushforward"
            raise TypeError(message)
        build = _engine.custom_rule if has_traced(args) else engine_for("custom_rule", args, None)
        if build not in self._ready:
            self._ready[build] = build(self._f, self._pullback, self._pushforward)
        return self._ready[build](*args)
