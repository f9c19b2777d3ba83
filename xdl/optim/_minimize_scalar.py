"""Minimization of a function of one variable, or of many functions of one variable each."""

from collections.abc import Callable, Sequence
from typing import Any

from xdl.core import Array, array_namespace, asarray
from xdl.core._namespace import is_array

from ._drive import Task
from ._flat import Flat
from ._methods.scalar import Enclosed, ScalarNewton, ScalarSecant
from ._problem import Problem
from ._result import Result
from ._searches.brent import Brent
from ._searches.golden_section import GOLDEN, GoldenSection
from ._solve import solve
from ._stopping import Stopping

__all__ = ["minimize_scalar"]


class ScalarProblem(Problem):
    """Problem of one variable with an interval, which is data: problems of a batch have their own."""

    def __init__(self, f: Any, flat: Flat, args: Any, scalars: Any, **options: Any) -> None:
        super().__init__(f, flat, args[0], scalars, **options)
        self.ends = args[1]


def minimize_scalar(
    f: Callable[..., Any],
    *,
    bracket: Sequence[float | Array] | None = None,
    bounds: Sequence[float | Array] | None = None,
    x0: float | Array | None = None,
    args: tuple[Any, ...] = (),
    method: str = "brent",
    gradient: Callable[..., Any] | bool | None = None,
    safeguard: bool = True,
    xtol: float = 1.5e-8,
    xatol: float = 1e-10,
    gtol: float = 1e-8,
    max_iterations: int = 500,
    record: bool = False,
    callback: Callable[[Result], Any] | None = None,
) -> Result:
    """Minimize a function of one variable, or many at once.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` of a 0-d array returns one. If ``bracket``, ``bounds`` or ``x0`` has arrays of shape (b,), there
        are b problems: ``f`` takes and returns arrays of shape (b,), entry by entry.
    bracket : (number, number), optional
        Points from which the minimum is enclosed, walking downhill: ``"brent"`` and ``"golden"``. Default: (0, 1).
    bounds : (number, number), optional
        Interval, in the inside of which the minimum is looked for: ``"brent"`` and ``"golden"``.
    x0 : number, optional
        Start of ``"newton"`` and ``"secant"``.
    args : tuple
        Further arguments, pytrees. The solution can be differentiated with respect to them.
    method : {"brent", "golden", "newton", "secant"}
        ``"brent"``: parabolas where they can be trusted, golden sections elsewhere. ``"golden"``: golden sections.
        ``"newton"``: on the derivative, with the second one. ``"secant"``: the same with differences of derivatives.
    gradient : callable or True, optional
        Derivative, as for `minimize`.
    safeguard : bool
        Whether ``"newton"`` and ``"secant"`` go downhill where the function is concave, too, and halve a step as long
        as the value does not fall. Without it they are the methods of textbooks for a derivative of zero, and
        may end at a maximum.
    xtol, xatol : float
        Relative and absolute error of the minimum by ``"brent"`` and ``"golden"``; the relative one is no less than the
        root of the precision.
    gtol : float
        Largest derivative at a minimum found by ``"newton"`` and ``"secant"``.
    max_iterations : int
        Bound on points.
    record, callback
        As for `minimize`.

    Returns
    -------
    Result
        As of `minimize`. ``gradient`` is zero where none is computed.

    Raises
    ------
    TypeError
        If an end is neither a number nor an array of floats.
    ValueError
        If the method is unknown, or is given points that it does not take.

    Notes
    -----
    A function that is nowhere seen to rise is unbounded, which the status says.

    References
    ----------
    Brent (1973), "Algorithms for minimization without derivatives", chapter 5; Kiefer (1953); Liquet, Moka & Nazarathy (2024),
    "Mathematical Engineering of Deep Learning", section 4.5 and figure 4.10 for Newton's method

    Examples
    --------
    >>> from xdl import optim
    >>> r = optim.minimize_scalar(lambda x: (x - 2.0) ** 4 + x, bounds=(0.0, 4.0))
    >>> round(float(r.x), 4)
    1.37
    """
    if method not in ("brent", "golden", "newton", "secant"):
        message = f'`method` must be "brent", "golden", "newton" or "secant", got {method!r}'
        raise ValueError(message)
    slopes = method in ("newton", "secant")
    for name, tolerance in (("xtol", xtol), ("xatol", xatol)):
        if not tolerance > 0.0:
            message = f"`{name}` must be positive, got {tolerance!r}"
            raise ValueError(message)
    if bounds is not None and (bracket is not None or slopes):
        message = f'`bounds` go without `bracket`, and with methods "brent" and "golden", not {method!r}'
        raise ValueError(message)
    if (x0 is None) == slopes or (slopes and bracket is not None):
        message = f"method {method!r} takes " + ("`x0`" if slopes else "`bracket` or `bounds`, and no `x0`")
        raise ValueError(message)
    if slopes:
        (start,) = _points("x0", (x0,))
        ends = (None, None, None)
        chosen = (ScalarNewton if method == "newton" else ScalarSecant)(safeguard)
    else:
        if bounds is not None:
            low, high = _points("bounds", bounds)
            start, ends = low + (1.0 - GOLDEN) * (high - low), (low, high, None)
        else:
            start, second = _points("bracket", (0.0, 1.0) if bracket is None else bracket)
            ends = (None, None, second)
        chosen = Enclosed(Brent() if method == "brent" else GoldenSection(), xtol, xatol)
    given = None if gradient is False else gradient

    def make(flat: Flat, args: Any, scalars: Any) -> ScalarProblem:
        return ScalarProblem(f, flat, args, scalars, gradient=given)

    stopping = Stopping(gtol, max_iterations=max_iterations)
    task = Task(make, (f, given, "scalar"), chosen, stopping, batched=start.ndim == 1)
    return solve(task, start, (tuple(args), ends), record=record, callback=callback)


def _points(name: str, points: Sequence[Any]) -> list[Array]:
    """Points as arrays of one shape, () or (b,). The values of arrays are not looked at."""
    expected = 1 if name == "x0" else 2
    if len(points) != expected:
        message = f"`{name}` must be {expected} points, got {len(points)}"
        raise ValueError(message)
    for point in points:
        if not is_array(point) and (isinstance(point, bool) or not isinstance(point, int | float)):
            message = f"`{name}` must be numbers or arrays, got {point!r}"
            raise TypeError(message)
    if len(points) == 2 and not any(map(is_array, points)):
        low, high = points
        if low == high or (name == "bounds" and not low < high):
            order = ", the smaller one first" if name == "bounds" else ""
            message = f"`{name}` must be two different numbers{order}, got {points!r}"
            raise ValueError(message)
    like = next((point for point in points if is_array(point)), None)
    found = [point if is_array(point) else asarray(float(point), like=like) for point in points]
    xp = array_namespace(*found)
    if like is not None:
        found = [xp.astype(point, like.dtype) for point in found]
    found = [point + xp.zeros_like(found[0] + found[-1]) for point in found]
    if found[0].ndim > 1:
        message = f"`{name}` must be numbers or arrays of shape (b,), got shape {tuple(found[0].shape)}"
        raise ValueError(message)
    return found
