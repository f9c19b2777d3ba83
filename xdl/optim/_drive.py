"""The loop that runs a method: on the host while that is quick, compiled where operations one by one are slow."""

import contextlib
import functools
from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.core import Array, array_namespace, tree
from xdl.core._backends import backend_of, wants_jit
from xdl.core._namespace import is_array, is_traced

from ._flat import Flat
from ._method import Iterate, Method
from ._scalars import OfArrays, OfFloats
from ._status import Status
from ._stopping import Stopping

__all__ = ["Task", "drive"]


class Task:
    """A function to minimize, and how: everything but arrays, which compiled programs are kept for.

    Parameters
    ----------
    make : callable
        ``make(flat, args, scalars)`` returns what the method asks, such as a `Problem`.
    key : hashable
        Of all that ``make`` refers to; equal tasks have equal keys.
    """

    def __init__(
        self, make: Callable[..., Any], key: Any, method: Method, stopping: Stopping, *, batched: bool
    ) -> None:
        self.make, self.method, self.stopping, self.batched = make, method, stopping, batched
        self.key = (key, method, stopping, batched)

    def __eq__(self, other: object) -> bool:
        """Tasks with equal keys run the same program."""
        return isinstance(other, Task) and self.key == other.key

    def __hash__(self) -> int:
        """Hash of the key."""
        return hash(self.key)

    def problem(self, x0: Any, args: tuple[Any, ...], *, host: bool) -> tuple[Any, Array]:
        """What the method asks, and the start as a vector."""
        flat = Flat(x0, batched=self.batched)
        x = flat.flatten(x0)
        xp = array_namespace(x)
        scalars = OfFloats(x, xp) if host else OfArrays(x, xp)
        made = self.make(flat, args, scalars)
        made.gtol = self.stopping.gtol
        return made, x

    def begin(self, x0: Any, args: tuple[Any, ...], *, host: bool) -> Iterate:
        """First iterate."""
        problem, x = self.problem(x0, args, host=host)
        return self.stopping.first(self.method, problem, self.method.init(problem, x))

    def advance(self, problem: Any, state: Iterate) -> Iterate:
        """Next iterate; problems that have finished stay where they are."""
        after = self.method.step(problem, state)
        after = self.stopping.judge(self.method, problem, state, after)
        if problem.xs.host or self.method.masks:
            return after
        return problem.xs.select(running(state), after, state)


def running(state: Iterate) -> Any:
    """Whether a problem has not finished."""
    return state.status == int(Status.RUNNING)


def drive(
    task: Task,
    x0: Any,
    args: tuple[Any, ...],
    observe: Callable[[Any, Iterate], Any] | None = None,
    *,
    watch: Callable[[Array, Any], None] | None = None,
) -> Iterate:
    """Run a method to its end.

    Parameters
    ----------
    task : Task
    x0 : pytree of array
        Start.
    args : tuple
        Further arguments of the function.
    observe : callable, optional
        Called with the problem and the iterate after every pass; returns true to stop. The loop is then one of
        Python's, and single passes are compiled where operations are slow.
    watch : callable, optional
        Called with the point and the value of every evaluation; nothing is compiled then.
    """
    if watch is None and wants_jit(_first(x0)):
        return _compiled(task)(x0, args) if observe is None else _observed(task, x0, args, observe)
    with _quiet(x0):  # a search that steps beyond the domain of the function steps back
        return _run(task, x0, args, observe, watch)


def _quiet(x0: Any) -> Any:
    first = _first(x0)
    unknown = first is None or is_traced(type(first))
    return contextlib.nullcontext() if unknown else backend_of(first).quiet()


def _run(task: Task, x0: Any, args: tuple[Any, ...], observe: Any, watch: Any) -> Iterate:
    problem, x = task.problem(x0, args, host=not task.batched)
    problem.watch = watch
    xs = problem.xs
    state = task.stopping.first(task.method, problem, task.method.init(problem, x))
    stop = observe is not None and observe(problem, state)
    while not stop and bool(xs.any(running(state))):
        state = task.advance(problem, state)
        stop = observe is not None and observe(problem, state)
    return _stopped(xs, state) if stop else state


def _first(x0: Any) -> Any:
    return next((leaf for leaf in tree.iterate(x0) if is_array(leaf)), None)


def _stopped(xs: Any, state: Iterate) -> Iterate:
    return state.replace(status=xs.where(running(state), xs.integer(int(Status.STOPPED)), state.status))


@functools.lru_cache(64)
def _compiled(task: Task) -> Callable[..., Iterate]:
    def run(x0: Any, args: tuple[Any, ...]) -> Iterate:
        problem, _ = task.problem(x0, args, host=False)
        state = task.begin(x0, args, host=False)
        xp = array_namespace(state.x)
        return autodiff.while_loop(
            lambda state: xp.any(running(state)), lambda state: task.advance(problem, state), state
        )

    return autodiff.jit(run)


@functools.lru_cache(64)
def _compiled_pass(task: Task) -> tuple[Callable[..., Iterate], Callable[..., Iterate]]:
    def advance(x0: Any, args: tuple[Any, ...], state: Iterate) -> Iterate:
        return task.advance(task.problem(x0, args, host=False)[0], state)

    return autodiff.jit(lambda x0, args: task.begin(x0, args, host=False)), autodiff.jit(advance)


def _observed(task: Task, x0: Any, args: tuple[Any, ...], observe: Callable[..., Any]) -> Iterate:
    begin, advance = _compiled_pass(task)
    problem, _ = task.problem(x0, args, host=False)
    state = begin(x0, args)
    stop = observe(problem, state)
    while not stop and bool(problem.xs.any(running(state))):
        state = advance(x0, args, state)
        stop = observe(problem, state)
    return _stopped(problem.xs, state) if stop else state
