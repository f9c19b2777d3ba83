"""Rows of a workload: who does the work, on which library and device, compiled or not."""

import dataclasses
import importlib
import importlib.util
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from xdl import autodiff
from xdl.core import Array, Backend, array_namespace, backend, to_numpy, tree, use_backend
from xdl.core._namespace import device_of, is_array

from ._timing import in_turns
from ._workloads.workload import Workload, normal

__all__ = ["Row", "agree", "first_call", "limits", "prepare", "rows_of"]


@dataclasses.dataclass(frozen=True)
class Row:
    """One way to do a workload.

    Parameters
    ----------
    backend, device : str
        Library, and the name it has for the device.
    by : {"xdl", "native"}
        Whether xdl does it, or what the backend's package has written by hand.
    compiled : bool
        Whether by the library's compiler.
    """

    backend: str
    device: str
    by: str
    compiled: bool

    @property
    def label(self) -> str:
        """Name in tables."""
        parts = ["native" if self.by == "native" else "", self.backend, "compiled" if self.compiled else ""]
        parts.append("" if self.device.startswith("cpu") else self.device)
        return " ".join(part for part in parts if part)


def _by_hand(record: Backend) -> ModuleType | None:
    """The backend's package of workloads written for its library alone."""
    path = f"{record.package}._bench"
    if record.package is None or importlib.util.find_spec(path) is None:
        return None
    return importlib.import_module(path)


def rows_of(workload: Workload, record: Backend, device: str) -> list[Row]:
    """Rows that a backend has of a workload, those of xdl and those by hand in turns.

    Parameters
    ----------
    workload : Workload
        What is done.
    record : Backend
        By which library.
    device : str
        Where.

    Returns
    -------
    list of Row
    """
    if workload.compiles == "never" or record.engine is None:
        modes = [False]
    elif record.prefers_jit:
        modes = [True]
    else:
        modes = [False] if workload.compiles == "needed" else [False, True]
    native = _by_hand(record)
    kinds = ["xdl", *(["native"] if native is not None and hasattr(native, workload.name) else [])]
    return [Row(record.name, device, by, compiled) for compiled in modes for by in kinds]


def prepare(row: Row, workload: Workload, size: int) -> Callable[[], Array]:
    """Function without arguments that does the work once and waits until it is done.

    Parameters
    ----------
    row : Row
        Who does it, and where.
    workload : Workload
        What is done.
    size : int
        How large.

    Returns
    -------
    callable
        Not called yet, so that the first call can be timed apart: see `first_call`.
    """
    record = backend(row.backend, device=row.device)
    host = backend("numpy").xp
    # copies, because a step may overwrite what it is given
    inputs = tree.map(lambda x: host.asarray(x, copy=True) if is_array(x) else x, workload.inputs(size))
    if row.by == "native":
        work = getattr(_by_hand(record), workload.name)(inputs, row.device, row.compiled)
    else:
        arrays = tree.map(lambda x: record.asarray(x) if is_array(x) else x, inputs)
        compile = autodiff.jit if row.compiled else _as_it_is
        with use_backend(record):
            work = workload.program(arrays, compile)
    wait = record.synchronize

    def run() -> Array:
        y = work()
        wait(y)
        return y

    return run


def first_call(row: Row, run: Callable[[], Array]) -> tuple[float, Array]:
    """Call for the first time, in which libraries compile.

    Parameters
    ----------
    row : Row
        Whose work it is.
    run : callable
        What `prepare` returned.

    Returns
    -------
    seconds : float
        How long it took.
    result : array
        On NumPy, a copy: later calls may overwrite it.

    Raises
    ------
    RuntimeError
        If the result is not of the row's library, on its device.
    """
    start = time.perf_counter()
    y = run()
    seconds = time.perf_counter() - start
    record = backend(row.backend, device=row.device)
    place = device_of(record.asarray([0.0]))
    if array_namespace(y) is not record.xp or device_of(y) != place:
        message = (
            f"{row.label} returned an array of {array_namespace(y).__name__} on {device_of(y)}, not {place}"
        )
        raise RuntimeError(message)
    return seconds, backend("numpy").xp.asarray(to_numpy(y), copy=True)


def _as_it_is(f: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    return f


def limits(record: Backend) -> dict[str, float]:
    """What the device reaches by this library: FLOP/s of a large product, B/s of reading memory.

    Parameters
    ----------
    record : Backend
        Library and device.

    Returns
    -------
    dict
        ``"FLOP"`` and ``"B"``.
    """
    compile = autodiff.jit if record.prefers_jit else _as_it_is
    on_host = (record.device or "cpu").startswith("cpu")
    n, length = (1024, 1 << 24) if on_host else (8192, 1 << 28)
    a, x = record.asarray(normal(1, (n, n))), record.asarray(normal(2, (length,)))
    product, read = compile(lambda a: a @ a), compile(lambda x: x @ x)
    wait = record.synchronize
    works = [lambda: wait(product(a)), lambda: wait(read(x))]
    for work in works:
        work()
    times = in_turns(works, seconds=0.5)
    return {"FLOP": 2.0 * n**3 / times[0].low, "B": 4.0 * length / times[1].low}


def agree(found: Array, wanted: Array) -> bool:
    """Whether two results are the same but for rounding in float32.

    Parameters
    ----------
    found, wanted : array
        NumPy's.

    Returns
    -------
    bool
    """
    xp = array_namespace(wanted)
    return found.shape == wanted.shape and bool(
        xp.max(xp.abs(found - wanted)) <= 1e-3 * xp.max(xp.abs(wanted))
    )
