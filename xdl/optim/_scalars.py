"""The numbers of a method, such as the length of a step, in two kinds of the same names.

One problem that runs operation by operation has Python's floats, which cost nothing and which ``if`` can ask.
Many problems at once, and one that is compiled, have arrays: one entry for each problem, or none of the axes.
The code of line searches and trust regions is written once over either, with the functions here for what the
two spell differently. Comparisons, ``&`` and ``|`` are the same; division by zero gives infinity or NaN.
"""

import math
from typing import Any

from xdl.core import Array, tree

__all__ = ["OfArrays", "OfFloats"]


class OfFloats:
    """Numbers are Python's: float, int and bool."""

    host = True

    def __init__(self, like: Array, xp: Any) -> None:
        self.xp = xp
        self.eps = float(xp.finfo(like.dtype).eps)
        self._asked: Array | None = None
        self._largest = 0.0

    def number(self, x: Any) -> float:
        """Number of an array of one entry."""
        return float(x)

    def integer(self, n: int) -> int:
        """Integer."""
        return n

    def constant(self, value: float) -> float:
        """Number with a value that is known."""
        return value

    def where(self, condition: bool, x: Any, y: Any) -> Any:
        """``x`` where the condition holds."""
        return x if condition else y

    def negate(self, condition: bool) -> bool:
        """``not``, which is no operator of arrays."""
        return not condition

    def divide(self, x: float, y: float) -> float:
        """Quotient; infinite or NaN for a denominator of zero."""
        if y:
            return x / y
        return math.copysign(math.inf, x) if x and not math.isnan(x) else math.nan

    def sqrt(self, x: float) -> float:
        """Square root; NaN of negative numbers."""
        return math.sqrt(x) if x >= 0 else math.nan

    def isfinite(self, x: float) -> bool:
        """Whether the number is neither infinite nor NaN."""
        return math.isfinite(x)

    def abs(self, x: float) -> float:
        """Modulus."""
        return abs(x)

    def maximum(self, x: float, y: float) -> float:
        """Larger of two numbers; NaN if one of them is."""
        return x if x >= y or x != x else y

    def minimum(self, x: float, y: float) -> float:
        """Smaller of two numbers; NaN if one of them is."""
        return x if x <= y or x != x else y

    def dot(self, x: Array, y: Array) -> float:
        """Inner product of vectors."""
        return float(x @ y)

    def largest(self, x: Array) -> float:
        """Largest modulus of the entries of a vector; zero if it has none."""
        if x is not self._asked:  # a method and its stopping ask for that of the same gradient
            self._asked = x
            self._largest = float(self.xp.max(abs(x))) if x.shape[-1] else 0.0
        return self._largest

    def expand(self, number: float) -> float:
        """Number as a factor of vectors."""
        return number

    def any(self, condition: bool) -> bool:
        """Whether the condition holds for any problem."""
        return condition

    def select(self, condition: bool, x: Any, y: Any) -> Any:
        """One of two trees."""
        return x if condition else y


class OfArrays:
    """Numbers are arrays of shape (b,), one for each problem, or ()."""

    host = False

    def __init__(self, like: Array, xp: Any) -> None:
        self.xp, self._shape, self._dtype = xp, tuple(like.shape[:-1]), like.dtype
        self._like = like[..., 0] if like.shape[-1] else xp.sum(like, axis=-1)
        self.eps = float(xp.finfo(like.dtype).eps)

    def number(self, x: Array) -> Array:
        """Numbers of the problems."""
        return x

    def integer(self, n: int) -> Array:
        """Integer, the same for each problem."""
        return self.xp.full_like(self._like, n, dtype=self.xp.int32)

    def constant(self, value: float) -> Array:
        """Number with a value that is known, the same for each problem."""
        return self.xp.full_like(self._like, value)

    def where(self, condition: Array, x: Any, y: Any) -> Array:
        """``x`` where the condition holds."""
        xp = self.xp
        if isinstance(condition, bool):
            condition = xp.full_like(self._like, condition, dtype=xp.bool)
        x, y = (self._array(a, b) for a, b in ((x, y), (y, x)))
        return xp.where(condition, x, y)

    def _array(self, x: Any, other: Any) -> Array:
        if isinstance(x, bool):
            return self.xp.full_like(self._like, x, dtype=self.xp.bool)
        if isinstance(x, int) and not hasattr(other, "dtype"):
            return self.integer(x)
        if isinstance(x, int | float):
            dtype = getattr(other, "dtype", self._dtype)
            return self.xp.full_like(self._like, x, dtype=dtype)
        return x

    def negate(self, condition: Array) -> Array:
        """``not``, which is no operator of arrays."""
        return self.xp.logical_not(condition)

    def divide(self, x: Any, y: Any) -> Array:
        """Quotient; infinite or NaN for a denominator of zero."""
        xp = self.xp
        x, y = self._array(x, None), self._array(y, None)
        zero = y == 0
        bad = xp.where(xp.isnan(x) | (x == 0), x + math.nan, xp.sign(x) * math.inf)
        return xp.where(zero, bad, x / xp.where(zero, xp.ones_like(y), y))

    def sqrt(self, x: Array) -> Array:
        """Square root; NaN of negative numbers."""
        xp = self.xp
        below = xp.logical_not(x >= 0)
        return xp.where(below, x + math.nan, xp.sqrt(xp.where(below, xp.ones_like(x), x)))

    def isfinite(self, x: Array) -> Array:
        """Whether numbers are neither infinite nor NaN."""
        return self.xp.isfinite(x)

    def abs(self, x: Array) -> Array:
        """Modulus."""
        return self.xp.abs(x)

    def maximum(self, x: Any, y: Any) -> Array:
        """Larger of two numbers; NaN if one of them is."""
        return self.xp.maximum(self._array(x, None), self._array(y, None))

    def minimum(self, x: Any, y: Any) -> Array:
        """Smaller of two numbers; NaN if one of them is."""
        return self.xp.minimum(self._array(x, None), self._array(y, None))

    def dot(self, x: Array, y: Array) -> Array:
        """Inner product of vectors."""
        return self.xp.vecdot(x, y)

    def largest(self, x: Array) -> Array:
        """Largest modulus of the entries of a vector; zero if it has none."""
        return self.xp.max(self.xp.abs(x), axis=-1) if x.shape[-1] else self.xp.zeros_like(self._like)

    def expand(self, number: Any) -> Any:
        """Number as a factor of vectors."""
        return number[..., None] if hasattr(number, "dtype") else number

    def any(self, condition: Array) -> Array:
        """Whether the condition holds for any problem."""
        return self.xp.any(condition)

    def select(self, condition: Array, x: Any, y: Any) -> Any:
        """Trees whose arrays are those of ``x`` for the problems for which the condition holds.

        An array without the axis of the problems belongs to all of them, and is that of ``x``.
        """
        xp, batch = self.xp, len(self._shape)

        def choose(a: Array, b: Array) -> Array:
            if a is b or a.ndim < batch:
                return a
            return xp.where(xp.reshape(condition, (*condition.shape, *(1,) * (a.ndim - batch))), a, b)

        return tree.map(choose, x, y)
