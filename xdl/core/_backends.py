"""Backends: what xdl knows of an array library, and how it is found."""

import contextlib
import dataclasses
import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from . import _namespace
from ._errors import BackendError
from ._namespace import Array, array_namespace

__all__ = ["Backend", "backend", "backends", "use_backend"]


@dataclasses.dataclass(frozen=True)
class Backend:
    """One array library, on one of its devices.

    Parameters
    ----------
    name : str
        Short name, such as ``"torch"``.
    namespace : callable
        Loads and returns the array API namespace.
    package : str, optional
        Import package that holds the methods, in modules named as the concepts of xdl; they are imported
        when the backend is first needed. Not so those that begin with an underscore, and ``autodiff``,
        the backend's own engine of gradients, which is looked up by its name.
    arrays : tuple of str
        Qualified names of the array classes, so that nothing is imported to recognize one.
    requirement : str
        What to ``pip install`` when the library is missing.
    probe : callable, optional
        Returns None if the library works here, else the reason it does not.
    find_devices : callable, optional
        Returns the names of the devices.
    to_device : callable, optional
        ``to_device(name)`` returns the library's device object, raising ``ValueError`` for an unknown one.
    convert, to_host : callable, optional
        ``convert(x, dtype, device)`` makes an array of anything; ``to_host(x)`` makes a NumPy array.
    wait : callable, optional
        Blocks until the work queued for an array or device is done.
    wide : callable, optional
        Whether float64 and int64 exist.
    bind : callable, optional
        ``bind(x, like)`` binds an array to its device if ``like`` is bound to it, where a library knows both kinds.
    quiet : callable, optional
        Returns a context in which the library gives no warnings of overflow and invalid operations.
    mutable : bool
        Whether arrays can be written in place.
    prefers_jit : bool
        Whether the library is slow operation by operation, and compiles quickly.
    distribution : str, optional
        Name of the library's distribution, whose version is shown; default: ``name``.
    device : str, optional
        Name of the chosen device; None is the library's default.
    """

    name: str
    namespace: Callable[[], Any]
    package: str | None = None
    arrays: tuple[str, ...] = ()
    requirement: str = ""
    probe: Callable[[], str | None] | None = None
    find_devices: Callable[[], list[str]] | None = None
    to_device: Callable[[str], Any] | None = None
    convert: Callable[[Any, Any, Any], Array] | None = None
    to_host: Callable[[Array], Array] | None = None
    wait: Callable[[Any], None] | None = None
    wide: Callable[[], bool] | None = None
    bind: Callable[[Array, Array], Array] | None = None
    quiet: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext
    mutable: bool = False
    prefers_jit: bool = False
    distribution: str | None = None
    device: str | None = None

    @property
    def xp(self) -> Any:
        """Array API namespace of the library."""
        return self.namespace()

    @property
    def x64(self) -> bool:
        """Whether float64 and int64 arrays exist."""
        return self.wide() if self.wide else True

    @property
    def version(self) -> str | None:
        """Version of the library, or None where it has none."""
        from importlib import metadata  # as below: a fifth of the time that importing xdl would take

        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(self.distribution or self.name)
        return getattr(self.xp, "__version__", None)

    @property
    def engine(self) -> ModuleType | None:
        """Module with the library's own transforms, or None where the tape serves."""
        return _submodule(self.package, "autodiff")

    def reason(self) -> str | None:
        """Tell why the backend cannot be used here, or None."""
        return self.probe() if self.probe else None

    def devices(self) -> list[str]:
        """Names of the devices that can be asked for."""
        return self.find_devices() if self.find_devices else ["cpu"]

    def device_object(self) -> Any:
        """Device as the library's functions take it; None for the default."""
        if self.device is None:
            return None
        return self.to_device(self.device) if self.to_device else self.device

    def asarray(self, x: Any, *, dtype: Any = None) -> Array:
        """Array of this backend, on this device, made of a number, a list or any library's array.

        Parameters
        ----------
        x : array_like
            Data; arrays of other libraries are exchanged by DLPack, without a copy where devices allow.
        dtype : dtype, optional
            Data type of the result.
        """
        if type(x) in _namespace._traced:
            message = (
                "a traced array cannot be converted to another library: compute with it, or stop its gradient"
            )
            raise TypeError(message)
        device = self.device_object()
        if self.convert:
            return self.convert(x, dtype, device)
        xp, options = self.xp, {} if device is None else {"device": device}
        if _namespace.is_array(x) and array_namespace(x) is not xp:
            x = xp.from_dlpack(backend_of(x).to_numpy(x))
        return xp.asarray(x, dtype=dtype, **options)

    def to_numpy(self, x: Array) -> Array:
        """NumPy array with the values of ``x``, without a copy where that is possible."""
        return self.to_host(x) if self.to_host else backend("numpy").asarray(x)

    def synchronize(self, x: Array | None = None) -> None:
        """Block until the work that produces ``x``, or all work of the device, is done."""
        if self.wait:
            self.wait(x)

    def load(self) -> "Backend":
        """Import the library and register the methods; raise BackendError where it is not usable."""
        reason = self.reason()
        if reason is not None:
            advice = f"; install it with: pip install {self.requirement}" if self.requirement else ""
            message = f"backend {self.name!r} cannot be used: {reason}{advice}"
            raise BackendError(message)
        _import_methods(self.package)
        return self


@functools.cache
def _import_methods(package: str | None) -> None:
    if package is None:
        return
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not found.name.startswith("_") and found.name != "autodiff":
            importlib.import_module(f"{package}.{found.name}")


# Plain dictionaries, not functools.cache: torch.compile follows them without a graph break.
_submodules: dict[str, ModuleType | None] = {}
_records: dict[str, Backend] = {}
_owners: dict[type, str | None] = {}


def _submodule(package: str | None, name: str) -> ModuleType | None:
    path = f"{package}.{name}"
    if path not in _submodules:
        exists = package is not None and importlib.util.find_spec(path) is not None
        _submodules[path] = importlib.import_module(path) if exists else None
    return _submodules[path]


def _registered() -> dict[str, Backend]:
    if not _records:
        from importlib import metadata

        found = {}
        for entry in metadata.entry_points(group="xdl.backends"):
            record = entry.load()
            found[record.name] = record
        _records.update(sorted(found.items(), key=lambda item: (item[0] != "numpy", item[0])))
    return _records


def backend_of_type(cls: type) -> str | None:
    """Name of the registered backend that owns the class, or None."""
    if cls not in _owners:
        _owners[cls] = _find_owner(cls)
    return _owners[cls]


def _find_owner(cls: type) -> str | None:
    names = {f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__}
    for record in _registered().values():
        if not names.isdisjoint(record.arrays):
            record.load()
            return record.name
    return None


_namespace._listeners.append(backend_of_type)


def load_backends() -> list[str]:
    """Load every usable backend; return their names."""
    usable = [record for record in _registered().values() if record.reason() is None]
    return [record.load().name for record in usable]


def backends() -> dict[str, dict[str, Any]]:
    """Every registered backend: its version, its devices, and whether it is ready.

    Returns
    -------
    dict
        ``backends()[name]`` has ``ready`` (bool), ``reason`` (why not, or None), ``version``,
        ``devices`` and ``install`` (the command that adds it).
    """
    table = {}
    for name, record in _registered().items():
        reason = record.reason()
        table[name] = {
            "ready": reason is None,
            "reason": reason,
            "version": None if reason else record.version,
            "devices": [] if reason else record.devices(),
            "install": f"pip install {record.requirement}" if record.requirement else None,
        }
    return table


def backend(name: str | Backend, /, *, device: str | None = None) -> Backend:
    """Backend by its name, or any array API namespace by its import path.

    Parameters
    ----------
    name : str
        ``"numpy"``, ``"cupy"``, ``"torch"``, ``"jax"``, a name a third party registered, or the import
        path of a conforming namespace, such as ``"array_api_strict"``.
    device : str, optional
        Name of the device, such as ``"cpu"`` or ``"cuda"``; default: the library's own default.

    Returns
    -------
    Backend

    Raises
    ------
    BackendError
        If there is no such backend, it cannot be used here, or it has no such device.
    """
    record = name if isinstance(name, Backend) else _registered().get(name) or _unregistered(name)
    record.load()
    if device is None:
        return record
    chosen = dataclasses.replace(record, device=device)
    try:
        chosen.device_object()
    except ValueError as error:
        message = (
            f"backend {record.name!r} has no device {device!r}: {error}; it has {', '.join(record.devices())}"
        )
        raise BackendError(message) from None
    return chosen


@functools.cache
def _unregistered(name: str) -> Backend:
    known = ", ".join(_registered())
    try:
        xp = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        message = f"no backend {name!r}: registered are {known}; as a namespace it fails to import: {error}"
        raise BackendError(message) from None
    if not (hasattr(xp, "asarray") and hasattr(xp, "matmul") and hasattr(xp, "permute_dims")):
        message = f"no backend {name!r}: registered are {known}; what has this name is no array API namespace"
        raise BackendError(message)
    return _on_the_spot(xp, name)


def _on_the_spot(xp: Any, name: str) -> Backend:
    """Record for a namespace that nobody registered; its devices are known by their text."""

    def known() -> dict[str, Any]:
        info = getattr(xp, "__array_namespace_info__", None)
        found = info().devices() if info else []
        # A device class shows as "Device('gpu')": what stands between the quotes is its name.
        return {str(d).split("'")[1] if "'" in str(d) else str(d): d for d in found if d is not None}

    def to_device(wanted: str) -> Any:
        if wanted not in known():
            message = "its __array_namespace_info__ lists no such device"
            raise ValueError(message)
        return known()[wanted]

    return Backend(
        name=name, namespace=lambda: xp, find_devices=lambda: list(known()) or ["cpu"], to_device=to_device
    )


def backend_of(x: Array) -> Backend:
    """Backend that owns an array; a record made on the spot for a namespace nobody registered."""
    name = backend_of_type(type(x))
    if name is not None:
        return _registered()[name]
    xp = array_namespace(x)
    return _on_the_spot(xp, xp.__name__)


def wants_jit(x: Any) -> bool:
    """Whether a program of this array is to be compiled: its library prefers that, and nobody traces it yet."""
    known = _namespace.is_array(x) and not _namespace.is_traced(type(x))
    return known and backend_of(x).prefers_jit


_current: ContextVar[Backend | None] = ContextVar("xdl_backend", default=None)


def current_backend() -> Backend:
    """Backend for functions that get no array: the innermost ``use_backend``, else NumPy."""
    return _current.get() or backend("numpy")


@contextlib.contextmanager
def use_backend(name: str | Backend, /, *, device: str | None = None) -> Iterator[Backend]:
    """Create arrays on a backend inside the block, where a function gets no array to go by.

    Parameters
    ----------
    name : str or Backend
        As for `backend`.
    device : str, optional
        As for `backend`.

    Examples
    --------
    >>> import xdl
    >>> with xdl.use_backend("numpy"):
    ...     key = xdl.random.key(0)
    """
    chosen = backend(name, device=device)
    token = _current.set(chosen)
    try:
        yield chosen
    finally:
        _current.reset(token)
