"""What all public functions that run a method have in common: those who look on, and derivatives of the result."""

from collections.abc import Callable
from typing import Any

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
    finish = (lambda state, flat, args: make_result(state, flat)) if finish is None else finish
    if not (record or callback or progress):
        return implicit(task, lambda x0, args: finish(drive(task, x0, args), flat, args), x0, args)
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
