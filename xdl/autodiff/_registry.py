"""The rules of differentiation as data: one entry per function of the standard or per generic function.

A derivative can be *zero* (`zero`), *undefined* (`undefined`) or *not written* (no entry); the three are
never mixed up. Where it exists it is given in one of four forms, the first that fits:

partials    elementwise functions: the partial derivatives; serves both modes
linear      functions linear in their first argument: the transpose; the derivative is the function itself
rule        the rest: a pullback (vector-Jacobian product) and a pushforward (Jacobian-vector product)
composed    functions that others make up: differentiate the definition

In all of them ``xp`` is a namespace whose functions take plain and traced arrays alike, so that every rule
can be differentiated again. For complex numbers the convention is JAX's: a pullback is the transpose of the
derivative, without conjugation, and the gradient of a real loss of z = x + iy is dL/dx - i dL/dy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xdl.core import Array

__all__ = ["Operand", "composed", "linear", "partials", "rule", "undefined", "zero"]


@dataclass(frozen=True)
class Operand:
    """Partial derivative that is an operand itself, as in a product."""

    index: int


@dataclass(frozen=True)
class Partials:
    """Partial derivatives of an elementwise function."""

    derivatives: tuple[Any, ...]
    strong: bool


@dataclass(frozen=True)
class Rule:
    """Pullback and pushforward, each one per argument; or one joint pullback."""

    pullback: Any
    pushforward: Any
    forward: Any = None


@dataclass(frozen=True)
class Composed:
    """Definition by other functions, in a namespace of traced arrays."""

    definition: Callable[..., Any]


@dataclass(frozen=True)
class Zero:
    """The derivative vanishes wherever it exists, or the values are not numbers of a continuum."""


@dataclass(frozen=True)
class Undefined:
    """There is no derivative, for the reason given."""

    reason: str


RULES: dict[str, Any] = {}


def _enter(target: Any, entry: Any) -> None:
    if isinstance(target, str):
        RULES[target] = entry
    else:
        target.rule = entry
        target.table.clear()


def partials(target: Any, *derivatives: Any, strong: bool = False) -> None:
    """Give the partial derivatives of an elementwise function.

    Parameters
    ----------
    target : str or generic function
        Name in the standard, or a generic function.
    *derivatives : callable, Operand, 1, 0, -1 or None
        One per argument, ``p(xp, y, *x)``; None where that argument has no derivative.
    strong : bool
        Whether a derivative can be infinite; then a zero cotangent stays zero instead of NaN.
    """
    _enter(target, Partials(derivatives, strong))


def linear(target: Any, transpose: Callable[..., Array]) -> None:
    """Give the transpose of a function that is linear in its first argument.

    Parameters
    ----------
    target : str or generic function
        Name in the standard, or a generic function.
    transpose : callable
        ``transpose(xp, dy, x, *rest, **options)`` returns the cotangent of ``x``.
    """

    def apply(xp: Any, dx: Array, y: Array, x: Array, *rest: Any, **options: Any) -> Array:
        return _call(xp, target)(dx, *rest, **options)

    def pull(xp: Any, dy: Array, y: Array, x: Array, *rest: Any, **options: Any) -> Array:
        return transpose(xp, dy, x, *rest, **options)

    _enter(target, Rule((pull,), (apply,)))


def rule(target: Any, *, pullback: Any, pushforward: Any = None, forward: Any = None) -> None:
    """Give a pullback and a pushforward.

    Parameters
    ----------
    target : str or generic function
        Name in the standard, or a generic function.
    pullback : tuple of callables, or callable
        One per argument, ``p(xp, dy, y, *args, **options)``, None where there is no derivative; or one
        callable for all, ``p(xp, dy, y, wanted, *args, **options)``, returning one cotangent per argument
        (anything where ``wanted`` is False). A function of several outputs has tuples ``y`` and ``dy``.
    pushforward : tuple of callables, optional
        One per argument, ``t(xp, dx, y, *args, **options)``; their sum is the tangent. Or one callable
        for all, ``t(xp, tangents, y, args, options)``, with None for constants. A generic function may
        leave it out: its definition is then differentiated.
    forward : callable, optional
        ``forward(*args, **options)`` returns the value and what the pullback can use again, of whatever
        type: it runs in place of the function where a pullback may follow, and the pullback gets the
        second part as the option ``saved``. There is nothing saved where the operands are traced
        themselves, for derivatives of higher order: ``saved=None`` is the pullback's default, and means
        that it computes all it needs from the arguments, by functions that have rules.
    """
    _enter(target, Rule(pullback, pushforward, forward))


def composed(target: Any, definition: Callable[..., Any]) -> None:
    """Differentiate a function through ``definition(xp, *args, **options)``."""
    _enter(target, Composed(definition))


def zero(*targets: Any) -> None:
    """Declare derivatives that are zero."""
    for target in targets:
        _enter(target, Zero())


def undefined(target: Any, reason: str) -> None:
    """Declare that a function has no derivative, and why."""
    _enter(target, Undefined(reason))


def _call(xp: Any, target: Any) -> Any:
    if not isinstance(target, str):
        return target
    for part in target.split("."):
        xp = getattr(xp, part)
    return xp
