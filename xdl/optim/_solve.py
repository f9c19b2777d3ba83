"""What all public functions that run a method have in common: those who look on, and derivatives of the result."""

import functools
from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.autodiff._engines import has_traced
from xdl.core._backends import wants_jit

from ._drive import Task, drive
from ._flat import Flat
from ._implicit import implicit
from ._method import Iterate
from ._observe import Observer
from ._result import Result, make_result

__all__ = ["solve"]


def solve(
    task: Task,
    x0: Any,
    args: tuple[Any, ...],
    *,
    record: bool = False,
    callback: Callable[[Result], Any] | None = None,
    progress: bool = False,
    finish: Callable[[Iterate, Flat, tuple[Any, ...]], Any] | None = None,
) -> Any:
    """Run a method to its end.

    Parameters
    ----------
    task : Task
    x0 : pytree of array
        Start.
    args : tuple
        Further arguments of the function, of which the result has derivatives.
    record, callback, progress
        As for `minimize`.
    finish : callable, optional
        ``finish(state, flat, args)`` makes the result; default: `make_result`.

    Returns
    -------
    Result
    """
    flat = Flat(x0, batched=task.batched)
    if not (record or callback or progress):
        if finish is None and wants_jit(flat.first) and not has_traced(args):
            return _program(task)(x0, args)
        return _run(task, flat, x0, args, finish or _result)
    finish = finish or _result
    observer = Observer(flat, record=record, callback=callback, progress=progress)
    recorder = observer.recorder
    watch = recorder.probe if recorder else None

    def run(x0: Any, args: tuple[Any, ...]) -> Any:
        return finish(drive(task, x0, args, observer, watch=watch), flat, args)

    try:
        result = implicit(task, run, x0, args)
    finally:
        observer.close()
    return result.replace(trace=recorder.trace) if recorder else result


def _run(task: Task, flat: Flat, x0: Any, args: tuple[Any, ...], finish: Callable[..., Any]) -> Any:
    return implicit(task, lambda x0, args: finish(drive(task, x0, args), flat, args), x0, args)


def _result(state: Iterate, flat: Flat, args: tuple[Any, ...]) -> Result:
    return make_result(state, flat)


@functools.lru_cache(64)
def _program(task: Task) -> Callable[..., Result]:
    """The run and what is made of its end, compiled together."""
    return autodiff.jit(lambda x0, args: _run(task, Flat(x0, batched=task.batched), x0, args, _result))
