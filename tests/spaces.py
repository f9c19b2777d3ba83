"""The namespaces every test runs on, and how each is made ready for one test."""

import contextlib
import dataclasses
import functools
import importlib.util
import logging
import os
import types
from collections.abc import Callable, Iterator
from typing import Any

import xdl

CREATION = ("arange", "asarray", "empty", "eye", "full", "linspace", "ones", "zeros")


@dataclasses.dataclass(frozen=True)
class Space:
    """One namespace under one configuration; ``load`` is called when the first test needs it."""

    name: str
    backend: str
    load: Callable[[], Any]
    missing: Callable[[], str | None] = lambda: None
    around: Callable[[], Any] = contextlib.nullcontext
    device: str | None = None
    float64: bool = True

    def answers_to(self, names: tuple[str, ...]) -> bool:
        """Whether one of ``names`` is this space's name or its family: "jax" means jax-x32 and jax-x64."""
        return any(self.name == name or self.name.startswith(name + "-") for name in names)

    @contextlib.contextmanager
    def ready(self) -> Iterator[Any]:
        """Give the namespace, with the library configured and chosen as xdl's current backend."""
        with self.around(), xdl.use_backend(self.backend, device=self.device):
            yield _loaded(self)


@functools.cache
def _loaded(space: Space) -> Any:
    return space.load()


class Wrapped:
    """A namespace whose functions pass through ``change(function)``."""

    def __init__(self, inner: Any, change: Callable[[str, Any], Any]) -> None:
        self.__name__ = inner.__name__
        self._inner, self._change = inner, change

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if isinstance(value, types.ModuleType):
            value = Wrapped(value, self._change)
        elif callable(value) and not isinstance(value, type):
            value = functools.wraps(value)(self._change(name, value))
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return dir(self._inner)

    def __repr__(self) -> str:
        return f"<{self.__name__}, wrapped by the tests>"


def protect(x: Any) -> Any:
    """Make a NumPy array, or the arrays of a tuple, read-only."""
    import numpy as np

    if isinstance(x, np.ndarray):
        x = x.view()  # the flag of an array that someone else holds is not ours to change
        x.flags.writeable = False
    elif type(x) in (tuple, list):
        x = type(x)(map(protect, x))
    return x


def _read_only() -> Any:
    import array_api_compat.numpy as xp

    return Wrapped(xp, lambda name, f: lambda *args, **options: protect(f(*args, **options)))


def _on_device(xp: Any, device: str) -> Any:
    """Put what the tests create on ``device``; what xdl creates without saying where lands elsewhere and fails."""

    def change(name: str, f: Any) -> Any:
        if name not in CREATION:
            return f
        return lambda *args, **options: f(*args, **{"device": device} | options)

    return Wrapped(xp, change)


def _named(path: str) -> Callable[[], Any]:
    return lambda: importlib.import_module(path)


def _torch() -> Any:
    import array_api_compat.torch as xp
    import torch

    logging.getLogger("torch.__trace").propagate = False  # debug lines by the hundred under a failed test
    if "PYTEST_XDIST_WORKER" in os.environ:
        torch.set_num_threads(1)  # the workers share the cores
    return xp


def _mock() -> Any:
    from xdl.testing import mock

    return _on_device(mock, mock.Device("device1"))


def _x64(enabled: bool) -> Callable[[], Any]:
    def around() -> Any:
        import jax

        return jax.enable_x64(enabled)

    return around


def _absent(package: str) -> Callable[[], str | None]:
    return lambda: None if importlib.util.find_spec(package) else f"{package} is not installed"


def _no_gpu(name: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        # Importing a framework to find no GPU would cost every run seconds.
        if not any(map(os.path.exists, ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg"))):
            return "no GPU on this machine"
        status = xdl.backends()[name]
        if not status["ready"]:
            return status["reason"]
        return None if any(d.startswith("cuda") for d in status["devices"]) else f"{name} finds no GPU"

    return missing


SPACES = (
    Space("numpy", "numpy", _named("array_api_compat.numpy")),
    Space("numpy-readonly", "numpy", _read_only),
    Space("strict", "array_api_strict", _named("array_api_strict"), _absent("array_api_strict")),
    Space("mock", "xdl.testing.mock", _mock, _absent("array_api_strict"), device="device1"),
    Space("torch", "torch", _torch, _absent("torch")),
    Space("jax-x32", "jax", _named("jax.numpy"), _absent("jax"), _x64(False), float64=False),
    Space("jax-x64", "jax", _named("jax.numpy"), _absent("jax"), _x64(True)),
    Space("cupy", "cupy", _named("array_api_compat.cupy"), _no_gpu("cupy")),
    Space("torch-cuda", "torch", lambda: _on_device(_torch(), "cuda"), _no_gpu("torch"), device="cuda"),
)


@functools.cache
def absent() -> dict[str, str]:
    """Spaces that cannot be tested here, and why."""
    reasons = {space.name: space.missing() for space in SPACES}
    return {name: reason for name, reason in reasons.items() if reason is not None}
