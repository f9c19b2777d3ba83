"""One search along a line, with the record of all it looked at."""

import functools
import math
from collections.abc import Callable
from typing import Any

from xdl import autodiff
from xdl.core import Array, Module, array_namespace, asarray, to_numpy, tree
from xdl.core._backends import backend_of, wants_jit
from xdl.core._namespace import is_array

from ._flat import Flat
from ._problem import Problem
from ._scalars import OfArrays, OfFloats
from ._search import LineSearch, Probe
from ._searches.strong_wolfe import StrongWolfe
from ._status import Status

__all__ = ["LineSearchResult", "line_search"]


class LineSearchResult(Module):
    """Step that a search has found, and every step it looked at.

    Parameters
    ----------
    step : () array, or (b,) array for a batch
        Length of the step; zero where none was found.
    x, gradient : pytree
        ``x + step p``, and the gradient there.
    value : () or (b,) array
        Value there.
    status : () or (b,) integer array
        ``Status.CONVERGED``, also for a slope of zero; ``NO_PROGRESS`` without a step, as where ``p`` does not
        descend; or ``NOT_FINITE``, for the start.
    evaluations : () or (b,) integer array
        Evaluations of the function and its gradient, that of the start too.
    steps, values, slopes : (probes,) or (probes, b) array
        Steps in the order in which they were looked at, from zero; values and slopes there. Of a batch, entries of
        problems whose search is over are NaN.
    """

    step: Array
    x: Any
    value: Array
    gradient: Any
    status: Array
    evaluations: Array
    steps: Array
    values: Array
    slopes: Array

    @property
    def success(self) -> Any:
        """Whether the status is that of success; for a batch a boolean array."""
        good = self.status == int(Status.CONVERGED)
        return good if self.status.ndim else bool(good)

    @property
    def message(self) -> str:
        """The status in words; for a batch, how often each occurred."""
        codes = to_numpy(self.status).reshape(-1).tolist()
        if not self.status.ndim:
            return _MESSAGES[codes[0]]
        return "; ".join(f"{codes.count(code)} {_MESSAGES[code]}" for code in sorted(set(codes)))


_MESSAGES = {
    Status.CONVERGED: "a step was found, or the slope is zero",
    Status.NO_PROGRESS: "no step was found that decreases the value enough; does the direction descend?",
    Status.NOT_FINITE: "not started: the value or the slope at the start is infinite or NaN",
}


class _Look(Module):
    """Stage of a search, and what was seen last; of a search that is over, what was seen at its end."""

    probe: Probe
    value: Any
    slope: Any
    grad: Any
    count: Any


def line_search(
    f: Callable[..., Any],
    x: Any,
    p: Any,
    args: tuple[Any, ...] = (),
    *,
    search: LineSearch | None = None,
    step: float = 1.0,
    gradient: Callable[..., Any] | bool | None = None,
    batched: bool = False,
) -> LineSearchResult:
    """Search for a step along a direction, ``f(x + step * p)``.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` returns a 0-d array; with ``batched=True`` one number for each problem, of shape (b,).
    x : pytree of array
        Start; with ``batched=True`` each leaf has a leading axis of length b.
    p : pytree of array
        Direction, a tree as ``x``.
    args : tuple
        Further arguments, pytrees.
    search : LineSearch, optional
        By default ``StrongWolfe()``.
    step : float
        Step to look at first.
    gradient : callable or True, optional
        ``gradient(x, *args)``, in place of automatic differentiation; True if ``f`` returns the pair of value
        and gradient.
    batched : bool
        Whether to search along b lines at once, each by itself.

    Returns
    -------
    LineSearchResult
        The step, and all that were looked at. That there is none is no error: ask ``result.success``.

    Raises
    ------
    TypeError
        If ``search`` is no line search, or a leaf of ``x`` no array of floats.
    ValueError
        If ``p`` is no tree as ``x``, of equal shapes and dtypes, ``step`` is not positive, or ``f`` returns no number.

    Examples
    --------
    >>> import numpy as np
    >>> from xdl import optim
    >>> rosenbrock = lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    >>> x, d = np.asarray([0.8, 0.0]), np.asarray([-204.4, 128.0])
    >>> r = optim.line_search(rosenbrock, x, d, search=optim.NewtonSearch(), step=1e-3)
    >>> print(f"{r.step:.5f} {r.value:.8f}", np.round(r.x, 4))
    0.00165 0.28947748 [0.4631 0.211 ]
    """
    search = StrongWolfe() if search is None else search
    if not isinstance(search, LineSearch):
        message = f"`search` must be a line search such as optim.StrongWolfe(), got {search!r}"
        raise TypeError(message)
    if not step > 0.0:
        message = f"`step` must be positive, got {step}"
        raise ValueError(message)
    _check_direction(x, p)
    flat = Flat(x, batched=batched)
    start, direction = flat.flatten(x), flat.flatten(p)
    xp, library = array_namespace(start), backend_of(start)
    machine = _Machine(f, gradient, search, batched, host=not (batched or wants_jit(start)))
    begin, advance = _compiled(machine) if wants_jit(start) else (machine.begin, machine.advance)
    with library.quiet():  # a step beyond the domain of the function
        state = first = begin(x, p, step, args)
        seen: list[Any] = [(start[..., 0] * 0.0, first.value, first.slope)]
        ended = first.probe.done | first.probe.failed
        while not bool(xp.all(ended) if batched else ended):
            step_ = state.probe.step
            state = advance(x, p, args, state)
            seen.append([_masked(v, ended) for v in (step_, state.value, state.slope)])
            ended = state.probe.done | state.probe.failed
        return _result(machine, flat, start, direction, first, state, seen)


class _Machine:
    """The search as pure functions of arrays."""

    def __init__(self, f: Any, gradient: Any, search: LineSearch, batched: bool, *, host: bool) -> None:
        self.f, self.gradient, self.search, self.batched, self.host = f, gradient, search, batched, host
        self.key = (f, gradient, search, batched, host)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Machine) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def problem(self, x: Any, p: Any, args: tuple[Any, ...]) -> tuple[Problem, Array, Array]:
        flat = Flat(x, batched=self.batched)
        start, direction = flat.flatten(x), flat.flatten(p)
        xp = array_namespace(start)
        scalars = OfFloats(start, xp) if self.host else OfArrays(start, xp)
        return Problem(self.f, flat, args, scalars, gradient=self.gradient or None), start, direction

    def begin(self, x: Any, p: Any, step: float, args: tuple[Any, ...]) -> _Look:
        problem, start, direction = self.problem(x, p, args)
        xs, (value, grad) = problem.xs, problem.value_and_gradient(start)
        slope = xs.dot(grad, direction)
        probe = self.search.start(xs, value, slope, xs.constant(0.0) + step)
        return _Look(probe, value, slope, grad, xs.integer(1))

    def advance(self, x: Any, p: Any, args: tuple[Any, ...], state: _Look) -> _Look:
        problem, start, direction = self.problem(x, p, args)
        xs, probe = problem.xs, state.probe
        value, grad = problem.value_and_gradient(start + xs.expand(probe.step) * direction)
        slope = xs.dot(grad, direction)
        after = _Look(self.search.next(xs, probe, value, slope), value, slope, grad, state.count + 1)
        return xs.select(probe.done | probe.failed, state, after)


@functools.lru_cache(64)
def _compiled(machine: _Machine) -> tuple[Callable[..., _Look], Callable[..., _Look]]:
    return autodiff.jit(machine.begin), autodiff.jit(machine.advance)


def _check_direction(x: Any, p: Any) -> None:
    kind = lambda leaf: (tuple(getattr(leaf, "shape", ())), getattr(leaf, "dtype", None))
    if tree.structure(x) != tree.structure(p) or [*map(kind, tree.leaves(x))] != [*map(kind, tree.leaves(p))]:
        message = (
            f"`p` must be a tree of arrays of the shapes and dtypes of those of `x`, got {p!r} for {x!r}"
        )
        raise ValueError(message)


def _masked(values: Any, ended: Any) -> Any:
    if not is_array(ended):
        return values
    xp = array_namespace(values)
    return xp.where(ended, xp.full_like(values, math.nan), values)


def _result(
    machine: _Machine, flat: Flat, start: Array, direction: Array, first: _Look, last: _Look, seen: list[Any]
) -> LineSearchResult:
    xp = array_namespace(start)
    scalars = OfFloats(start, xp) if machine.host else OfArrays(start, xp)
    found = last.probe.done
    known = scalars.isfinite(first.value) & scalars.isfinite(first.slope)
    good = found | known & (first.slope == 0.0)
    fails = scalars.where(
        known, scalars.integer(int(Status.NO_PROGRESS)), scalars.integer(int(Status.NOT_FINITE))
    )
    status = scalars.where(good, scalars.integer(int(Status.CONVERGED)), fails)
    step = scalars.where(found, last.probe.step, scalars.constant(0.0))
    number = lambda v, dtype=start.dtype: v if is_array(v) else asarray(v, like=start, dtype=dtype)
    columns = [xp.stack([number(row[k]) for row in seen]) for k in range(3)]
    return LineSearchResult(
        step=number(step),
        x=flat.unflatten(start + scalars.expand(step) * direction),
        value=number(scalars.where(found, last.value, first.value)),
        gradient=flat.unflatten(scalars.select(found, last.grad, first.grad)),
        status=number(status, xp.int32),
        evaluations=number(last.count, xp.int32),
        steps=columns[0],
        values=columns[1],
        slopes=columns[2],
    )
