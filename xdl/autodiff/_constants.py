"""Constants of a differentiated program: values that no derivative flows through."""

from collections.abc import Callable
from typing import Any

from xdl.core import NoRuleError
from xdl.core._namespace import is_array

from ._registry import Undefined
from ._variable import Variable

__all__ = [
    "is_active",
    "is_inexact",
    "known_inexact",
    "newest_level",
    "no_derivative",
    "option",
    "plain",
    "refused",
    "uniform",
    "unknown",
    "without_derivative",
    "wrap",
]


def wrap(level: Any, y: Any, node: Any = None) -> Any:
    """Variables of a level for the arrays in ``y``, which may be a tuple of arrays."""
    if isinstance(y, tuple):
        parts = [wrap(level, part) for part in y]
        return type(y)(*parts) if hasattr(y, "_fields") else type(y)(parts)  # named tuple or the like
    if isinstance(y, list):
        return [wrap(level, part) for part in y]
    return Variable(level, y, node) if is_array(y) else y


def plain(x: Any) -> Any:
    """Plain array at the bottom of a variable; sequences are searched."""
    while type(x) is Variable:
        x = x._value
    if type(x) in (list, tuple):
        return type(x)(plain(part) for part in x)
    return x


_inexact: dict[tuple[type, Any], bool] = {}


def known_inexact(dtype: Any) -> bool | None:
    """What `is_inexact` said of a dtype before; None if it was not asked."""
    return _inexact.get((type(dtype), dtype))


def is_inexact(xp: Any, dtype: Any) -> bool:
    """Whether a dtype is that of real or complex numbers of a continuum."""
    key = (type(dtype), dtype)  # the type first: a library may complain when its dtype meets another's
    found = _inexact.get(key)
    if found is None:
        found = _inexact[key] = xp.isdtype(dtype, ("real floating", "complex floating"))
    return found


def uniform(values: Any) -> tuple[Any, ...]:
    """Make plain arrays that stand beside variables constants of the newest of their levels.

    Rules then combine variables with variables and numbers only: a library may refuse an operand it does
    not know on the right of its own array.
    """
    level = None
    for x in values:
        if type(x) is Variable and (level is None or x._level.number > level.number):
            level = x._level
    if level is None:
        return tuple(values)
    return tuple(Variable(level, x, None) if type(x) is not Variable and is_array(x) else x for x in values)


def is_active(x: Any) -> bool:
    """Whether a derivative flows through a variable, or one in a sequence, at any level."""
    while type(x) is Variable:
        if x._node is not None:
            return True
        x = x._value
    return type(x) in (list, tuple) and any(map(is_active, x))


def newest_level(args: Any, options: Any) -> Any:
    """Newest level among the variables of a call, or None."""
    newest, left = None, [*args, *options.values()]
    while left:
        x = left.pop()
        if type(x) in (list, tuple):
            left.extend(x)
        elif type(x) is Variable and (newest is None or x._level.number > newest.number):
            newest = x._level
    return newest


# Types of options that carry no gradient, without a look inside
_SETTINGS = frozenset((int, float, bool, str, type(None)))


def option(name: str, key: str, x: Any) -> Any:
    """Value of an option, which must not carry a gradient; a tolerance cannot."""
    if type(x) in _SETTINGS:
        return x
    if key != "rtol" and is_active(x):
        message = f"no derivative rule is written for {name!r} with respect to its option `{key}`"
        raise NoRuleError(message)
    return plain(x)


def without_derivative(function: Any) -> Callable[..., Any]:
    """Function that sees plain arrays; its results are constants of the newest level."""

    def call(*args: Any, **options: Any) -> Any:
        level = newest_level(args, options)
        y = function(*map(plain, args), **{k: plain(v) for k, v in options.items()})
        return y if level is None else wrap(level, y)

    return call


def refused(name: str, function: Any, entry: Undefined) -> Callable[..., Any]:
    """Function whose derivative is undefined."""
    constant = without_derivative(function)

    def call(*args: Any, **options: Any) -> Any:
        if any(map(is_active, (*args, *options.values()))):
            message = f"{name!r} has no derivative: {entry.reason}"
            raise NoRuleError(message)
        return constant(*args, **options)

    return call


def unknown(name: str, function: Any) -> Callable[..., Any]:
    """Function whose rule is not written."""
    constant = without_derivative(function)

    def call(*args: Any, **options: Any) -> Any:
        if any(map(is_active, (*args, *options.values()))):
            message = (
                f"no derivative rule is written for {name!r}: use functions of the array API standard, "
                f"or wrap the computation with xdl.custom_rule; xdl.stop_gradient(x) ignores it on purpose"
            )
            raise NoRuleError(message)
        return constant(*args, **options)

    return call


def no_derivative(name: str, nodes: Any) -> NoRuleError:
    """Error for an argument that has no rule."""
    places = ", ".join(str(k) for k, node in enumerate(nodes) if node is not None)
    return NoRuleError(f"no derivative rule is written for {name!r} with respect to argument {places}")
