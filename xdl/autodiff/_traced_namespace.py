"""The differentiating namespace that a traced program sees."""

import functools
from typing import Any

from ._constants import is_active, wrap
from ._creation import asarray, stacked
from ._variable import Variable

__all__ = ["CREATION", "EXTENSIONS", "TracedExtension", "TracedNamespace"]

CREATION = frozenset((
    "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace", "ones",
    "ones_like", "zeros", "zeros_like", "fftfreq", "rfftfreq",
))  # fmt: skip

EXTENSIONS = ("linalg", "fft")


class TracedNamespace:
    """Differentiating array API namespace for the variables of one level."""

    def __init__(self, level: Any, functions: Any) -> None:
        self._level = level
        self._functions = functions

    @property
    def __name__(self) -> str:
        return f"xdl.autodiff.tape{self._level.number}[{self._functions._root._base.__name__}]"

    def __getattr__(self, name: str) -> Any:
        found = self._functions.public.get(name)
        if found is None:
            found = self._make(name)
        object.__setattr__(self, name, found)
        return found

    def _make(self, name: str) -> Any:
        if name.startswith("_") and name not in ("__array_api_version__", "__array_namespace_info__"):
            raise AttributeError(name)
        found = getattr(self._functions, name)
        if name in EXTENSIONS and not self._functions._prefix:  # fft.fft is a function
            return TracedExtension(self._level, found)
        if name in CREATION:
            return self._creation(name, found)
        if callable(found) and not isinstance(found, type):
            functools.update_wrapper(found, getattr(self._functions._base, name), updated=())
            self._functions.public[name] = found  # the same at every level
        return found

    def _creation(self, name: str, function: Any) -> Any:
        level = self._level

        @functools.wraps(getattr(self._functions._base, name))
        def create(*args: Any, **options: Any) -> Any:
            if name in ("asarray", "from_dlpack") and args and type(args[0]) is Variable:
                return asarray(*args, **options)
            if name == "asarray" and args and type(args[0]) in (list, tuple) and is_active(args[0]):
                return stacked(level.namespace, args[0], **options)
            y = function(*args, **options)
            # in the likeness of a variable of this level, or of a newer one: it is wrapped already
            mine = type(y) is Variable and y._level.number >= level.number
            return y if mine else wrap(level, y)

        return create

    def __dir__(self) -> list[str]:
        return dir(self._functions._base)

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


class TracedExtension(TracedNamespace):
    @property
    def __name__(self) -> str:
        return f"{super().__name__}.{self._functions._prefix.rstrip('.')}"
