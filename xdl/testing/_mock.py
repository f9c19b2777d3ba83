"""A namespace that refuses what NumPy would let pass and a GPU, a tracer or an immutable array would not.

It is array-api-strict behind a gate. The gate counts every wait for a value on the host, and by default refuses
it, with mutation, mixed precision and shapes that depend on values. `allow` opens it for a block.
"""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import FrameType, ModuleType
from typing import Any

__all__ = ["Mock", "MockArray", "MockError", "mock"]

KINDS = {
    "sync": "the host would wait for a value, and a tracer has none",
    "host": "the array would be copied to the host",
    "mutation": "arrays cannot be changed in place; compute a new one",
    "promotion": "float32 and float64 are mixed; give constants the dtype of the data",
    "shapes": "the shape of the result would depend on values",
}

_allowed: ContextVar[frozenset[str]] = ContextVar("xdl_mock_allowed", default=frozenset())
_counters: ContextVar[tuple[list[str], ...]] = ContextVar("xdl_mock_counters", default=())


class MockError(TypeError):
    """Something was done to a mock array that not every library can do."""


def _gate(kind: str, what: str) -> None:
    """Count and refuse ``what``, unless its ``kind`` is allowed."""
    frame = _caller()
    library = frame.f_globals.get("__name__", "").split(".")[0]
    if kind == "mutation" and library == "array_api_extra":
        return  # array_api_extra.at is how portable code asks for the copy with a change
    if library == "array_api_compat" and kind not in _allowed.get():
        raise MockError(what)  # is_lazy_array tries bool(x), to see whether it can: no wait to count
    if kind not in ("mutation", "promotion"):
        for counter in _counters.get():
            counter.append(f"{what} at {frame.f_code.co_filename}:{frame.f_lineno}")
    if kind not in _allowed.get():
        message = f"{what}: {KINDS[kind]} (xdl.testing.mock.allow({kind!r}) lets it pass)"
        raise MockError(message)


def _caller() -> FrameType:
    """Find the code that is to blame: whoever called us, or called NumPy or array-api-strict to call us."""
    frame = sys._getframe(2)
    while frame.f_back is not None and (
        frame.f_globals.get("__name__") == __name__
        or frame.f_globals.get("__name__", "").split(".")[0] in ("numpy", "array_api_strict")
    ):
        frame = frame.f_back
    return frame


class MockArray:
    """Array of the mock namespace; made by its functions alone."""

    __slots__ = ("__weakref__", "_inner")
    __hash__ = None  # pyright: ignore[reportAssignmentType]
    __array_ufunc__ = None  # NumPy arrays on the left hand the operation to us, and we decline

    _inner: Any
    dtype: Any
    device: Any
    shape: tuple[int, ...]
    ndim: int
    size: int
    __index__: Callable[[], int]

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """Return the mock namespace, whatever version of the standard is asked for."""
        return mock

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """Copy to another of the mock's devices."""
        return _wrap(self._inner.to_device(device, stream=stream))

    def __repr__(self) -> str:
        """Show no values: they would have to be waited for."""
        return f"mock {str(self.dtype).split('.')[-1]}[{', '.join(map(str, self.shape))}]"

    def __getitem__(self, key: Any) -> Any:
        return _wrap(self._inner[_index(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        _gate("mutation", "x[key] = value")
        self._inner[_index(key, masks=True)] = _unwrap(value)

    def __iter__(self) -> Iterator[Any]:
        _gate("sync", "iteration over x")
        return iter([_wrap(self._inner[i, ...]) for i in range(self.shape[0])])

    def __contains__(self, value: Any) -> bool:
        _gate("sync", "value in x")
        return value in self._inner._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        _gate("host", "numpy.asarray(x)")
        return self._inner._array.__array__(dtype, copy=copy)

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        _gate("host", "from_dlpack(x)")
        options = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        return self._on_host().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._on_host().__dlpack_device__()

    def _on_host(self) -> Any:
        return self._inner.to_device(_strict().Device("CPU_DEVICE"))


def _attribute(name: str) -> Any:
    return property(lambda self: _wrap(getattr(self._inner, name)), doc=f"The standard's ``{name}``.")


def _conversion(name: str, text: str) -> Callable[[Any], Any]:
    def convert(self: Any) -> Any:
        _gate("sync", text)
        return getattr(self._inner, name)()

    return convert


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda self: _wrap(getattr(self._inner, name)())


def _binary(name: str) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        if type(other) not in (MockArray, bool, int, float, complex):
            return NotImplemented
        _check_promotion(name, (self, other))
        return _wrap(getattr(self._inner, name)(_unwrap(other)))

    return operate


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        _gate("mutation", f"the in-place operator {name}")
        self._inner = getattr(self._inner, name)(_unwrap(other))
        return self

    return operate


for _name in ("dtype", "device", "shape", "ndim", "size", "T", "mT"):
    setattr(MockArray, _name, _attribute(_name))
for _name in ("bool", "int", "float", "complex", "index"):
    setattr(MockArray, f"__{_name}__", _conversion(f"__{_name}__", f"{_name}(x)"))
for _name in ("abs", "invert", "neg", "pos"):
    setattr(MockArray, f"__{_name}__", _unary(f"__{_name}__"))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(MockArray, f"__{_name}__", _binary(f"__{_name}__"))
for _name in (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"),
    *("matmul", "and", "or", "xor", "lshift", "rshift"),
):
    setattr(MockArray, f"__{_name}__", _binary(f"__{_name}__"))
    setattr(MockArray, f"__r{_name}__", _binary(f"__r{_name}__"))
    setattr(MockArray, f"__i{_name}__", _in_place(f"__i{_name}__"))


def _wrap(x: Any) -> Any:
    if type(x) is _array_class():
        array = object.__new__(MockArray)
        array._inner = x
        return array
    if isinstance(x, tuple):
        return type(x)(*map(_wrap, x)) if hasattr(x, "_fields") else tuple(map(_wrap, x))
    return list(map(_wrap, x)) if type(x) is list else x


def _unwrap(x: Any) -> Any:
    return x._inner if type(x) is MockArray else x


def _index(key: Any, *, masks: bool = False) -> Any:
    if isinstance(key, tuple):
        return tuple([_index(k, masks=masks) for k in key])
    if type(key) is not MockArray:
        return key
    if str(key.dtype).endswith("bool"):
        if not masks:
            _gate("shapes", "indexing by a boolean array")
    elif key.ndim == 0:
        return key.__index__()
    return key._inner


def _width(x: Any) -> int | None:
    name = str(x.dtype).split(".")[-1]
    return {"float32": 32, "complex64": 32, "float64": 64, "complex128": 64}.get(name)


def _check_promotion(name: str, args: tuple[Any, ...]) -> None:
    if len({_width(x) for x in args if type(x) is MockArray} - {None}) > 1:
        _gate("promotion", name)


_LISTS = ("concat", "stack")
# These take sizes and Python numbers: an array among them would be read on the host.
_NUMBERS = ("arange", "empty", "eye", "full", "linspace", "ones", "zeros")
_PRECISIONS = ("astype", "broadcast_arrays", "can_cast", "isdtype", "meshgrid", "result_type")
_DATA_DEPENDENT = ("nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values")


def _function(name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(inner)
    def function(*args: Any, **options: Any) -> Any:
        if name in _DATA_DEPENDENT or (
            name == "repeat" and any(type(x) is MockArray for x in (*args[1:], *options.values()))
        ):
            _gate("shapes", f"{name}(x)")
        if name in _LISTS:
            args = (list(args[0]), *args[1:])
            _check_promotion(name, tuple(args[0]))
            args = (list(map(_unwrap, args[0])), *args[1:])
        elif name not in _PRECISIONS:
            _check_promotion(name, (*args, *options.values()))
        if name not in _NUMBERS:
            first = 1 if name == "full_like" else len(args)
            args = (*map(_unwrap, args[:first]), *args[first:])
            options = {k: v if name == "full_like" else _unwrap(v) for k, v in options.items()}
        return _wrap(inner(*args, **options))

    return function


def _strict() -> Any:
    try:
        import array_api_strict
    except ImportError:
        message = (
            "the mock namespace is built on array-api-strict; install it with: pip install array-api-strict"
        )
        raise ImportError(message) from None
    return array_api_strict


@functools.cache
def _array_class() -> type:
    return type(_strict().asarray(0))


_DUNDERS = ("__array_api_version__", "__array_namespace_info__", "__version__")


class _Part:
    """The functions and constants of one module of array-api-strict, behind the gate."""

    def __init__(self, name: str, load: Callable[[], Any]) -> None:
        self.__name__ = name
        self._load = load

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name not in _DUNDERS:
            raise AttributeError(name)
        value = getattr(self._load(), name)
        if isinstance(value, ModuleType):
            value = _Part(f"{self.__name__}.{name}", lambda module=value: module)
        elif name == "__array_namespace_info__":
            value = _Info
        elif callable(value) and not isinstance(value, type):
            value = _function(name, value)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return [n for n in self._load().__all__ if "flags" not in n.lower()]

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


class _Info:
    """What the namespace tells of itself: array-api-strict's answers, but for what the gate refuses."""

    def __init__(self) -> None:
        self._inner = _strict().__array_namespace_info__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def capabilities(self) -> dict[str, Any]:
        """Deny what the gate refuses."""
        return self._inner.capabilities() | {"boolean indexing": False, "data-dependent shapes": False}


class Mock(_Part):
    """The mock namespace: every function of the standard, with linalg and fft, behind the gate.

    Examples
    --------
    >>> from xdl.testing import mock
    >>> x = mock.asarray([1.0, 2.0])
    >>> with mock.allow("sync"), mock.syncs() as found:
    ...     float(mock.sum(x))
    3.0
    >>> len(found)
    1
    """

    @contextlib.contextmanager
    def allow(self, *kinds: str) -> Iterator[None]:
        """Let some kinds of refused things pass inside the block.

        Parameters
        ----------
        *kinds : "sync", "host", "mutation", "promotion" or "shapes"
            Default: all of them.
        """
        unknown = set(kinds) - set(KINDS)
        if unknown:
            message = f"expected kinds out of {', '.join(KINDS)}, got {', '.join(sorted(unknown))}"
            raise ValueError(message)
        token = _allowed.set(_allowed.get() | frozenset(kinds or KINDS))
        try:
            yield
        finally:
            _allowed.reset(token)

    @contextlib.contextmanager
    def syncs(self) -> Iterator[list[str]]:
        """Give a list that receives what made the host wait inside the block, and where: its length is the count."""
        found: list[str] = []
        token = _counters.set((*_counters.get(), found))
        try:
            yield found
        finally:
            _counters.reset(token)

    def peek(self, x: MockArray) -> Any:
        """NumPy array with the values of ``x``, neither refused nor counted: for a test that checks them."""
        return x._inner._array.copy()


mock = Mock("xdl.testing.mock", _strict)
