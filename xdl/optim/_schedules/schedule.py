"""What a schedule is: a formula of the count of steps, with its numbers."""

import dataclasses
import itertools
import math
import types
from collections.abc import Callable
from typing import Any

from xdl.core import array_namespace
from xdl.core._namespace import is_array

__all__ = [
    "Schedule",
    "check_boundaries",
    "check_positive",
    "check_real",
    "check_schedule",
    "evaluate",
    "left",
    "phase",
    "power",
]


@dataclasses.dataclass(frozen=True, repr=False)
class Schedule:
    """Function of the count of steps taken, equal to another of the same formula and numbers.

    Made by functions such as `cosine_schedule`; any other function of a 0-d array may take its place as a
    hyperparameter, but is equal to itself alone.

    Parameters
    ----------
    name : str
        Name of the function that made it.
    formula : callable
        ``formula(xp, t, **numbers)`` of counts in a floating-point dtype.
    numbers : tuple of (str, object)
        Names and values.

    Notes
    -----
    Called with the count: an array of any shape, such as all steps of a plot, gives an array, and a number
    gives a number. Counts of integers are computed with in the library's default floating-point dtype; float32
    holds those below 2**24 exactly and longer ones to seven digits.

    Examples
    --------
    >>> from xdl import optim
    >>> schedule = optim.linear_schedule(1.0, 0.0, 4)
    >>> schedule
    linear_schedule(init_value=1.0, end_value=0.0, steps=4)
    >>> [schedule(count) for count in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    name: str
    formula: Callable[..., Any]
    numbers: tuple[tuple[str, Any], ...]

    def __call__(self, count: Any, /) -> Any:
        if not is_array(count):
            return float(self.formula(OF_NUMBERS, float(count), **dict(self.numbers)))
        xp = array_namespace(count)
        if not xp.isdtype(count.dtype, "real floating"):
            count = xp.astype(count, xp.__array_namespace_info__().default_dtypes()["real floating"])
        return self.formula(xp, count, **dict(self.numbers))

    def __repr__(self) -> str:
        """Call that makes it."""
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.numbers)})"


# The functions of the standard that formulas call, for Python's numbers.
OF_NUMBERS = types.SimpleNamespace(
    cos=math.cos,
    exp=math.exp,
    full_like=lambda x, value: value,
    maximum=max,
    minimum=min,
    remainder=lambda x, y: x % y,
    round=round,
    sin=math.sin,
    where=lambda condition, x, y: x if condition else y,
)


def evaluate(schedule: Any, xp: Any, t: Any) -> Any:
    """Value of a schedule, of any other function of the count, or of a number, which is constant."""
    return schedule(t) if callable(schedule) else xp.full_like(t, schedule)


def phase(xp: Any, t: Any, period: float) -> tuple[Any, Any]:
    """Count of periods that are over, and of steps since the last one began."""
    rest = xp.remainder(t, period)
    # A quotient by itself might be rounded up to the next period.
    return xp.round((t - rest) / period), rest


def power(xp: Any, base: float, exponent: Any) -> Any:
    """``base ** exponent``, where a base close to 1 would lose digits in float32; its logarithm loses none."""
    return xp.exp(math.log(base) * exponent)


def left(xp: Any, t: Any, steps: float) -> Any:
    """Part of the steps that is to come: 1 before the first, 0 after the last."""
    part = xp.maximum(steps - t, xp.full_like(t, 0.0)) / steps
    return xp.minimum(part, xp.full_like(t, 1.0))


def check_real(low: float = -math.inf, /, **numbers: Any) -> None:
    """Refuse what is no finite number of at least ``low``."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            message = f"`{name}` must be a number, got {number!r}"
            raise TypeError(message)
        if not (number >= low and math.isfinite(number)):
            bound = "" if low == -math.inf else f" of at least {low:g}"
            message = f"`{name}` must be a finite number{bound}, got {number!r}"
            raise ValueError(message)


def check_positive(**numbers: Any) -> None:
    """Refuse what is no positive finite number."""
    for name, number in numbers.items():
        check_real(**{name: number})
        if not number > 0:
            message = f"`{name}` must be positive, got {number!r}"
            raise ValueError(message)


def check_schedule(**schedules: Any) -> None:
    """Refuse what is neither a finite number nor a function of the count."""
    for name, schedule in schedules.items():
        if not callable(schedule):
            check_real(**{name: schedule})


def check_boundaries(boundaries: Any, name: str, count: int, what: str) -> tuple[float, ...]:
    """Counts of steps in increasing order, as many as there must be."""
    found = tuple(boundaries)
    check_real(**{f"{name}[{k}]": boundary for k, boundary in enumerate(found)})
    if len(found) != count or any(b <= a for a, b in itertools.pairwise(found)):
        message = f"`{name}` must be {count} increasing counts of steps, {what}, got {found!r}"
        raise ValueError(message)
    return found
