"""Elementwise functions: partial derivatives, ``p(xp, y, *x)``."""

import math
from typing import Any

from xdl.autodiff._bindings import binary
from xdl.autodiff._functions import LOCAL
from xdl.autodiff._operations import Elementwise
from xdl.autodiff._registry import Operand, Partials, composed, partials, rule, undefined, zero
from xdl.core import Array


def _is_complex(xp: Any, x: Array) -> bool:
    return xp.isdtype(x.dtype, "complex floating")


def _nonzero(xp: Any, x: Array) -> Array:
    """``x`` with its zeros replaced by ones: a divisor whose quotient is discarded there."""
    return xp.where(x == 0, 1.0, x)


def _as(xp: Any, x: Array, y: Array) -> Array:
    """Operand in the dtype of the result, so that mixed operands do not lose digits before they meet."""
    mixed = not isinstance(x, int | float | complex) and x.dtype != y.dtype
    return xp.astype(x, y.dtype) if mixed else x


def _inverse(b: Array) -> Array:
    """``1 / b``, where Python's division by the number zero would raise."""
    is_zero = isinstance(b, int | float | complex) and b == 0
    return (float("nan") if isinstance(b, complex) else math.copysign(float("inf"), b)) if is_zero else 1 / b


def _strong_product(xp: Any) -> Any:
    """Product in which a zero of the first operand wins over an infinity of the second; linear in both all the same."""

    def product(a: Array, b: Array) -> Array:
        return xp._base.where(a == 0, a, a * b)

    rule = Partials((Operand(1), Operand(0)), strong=True)
    return binary(xp, "strong_product", product, Elementwise(xp, "strong_product", rule))


LOCAL["strong_product"] = _strong_product

# ---- arithmetic ----

partials("add", 1, 1)
partials("subtract", 1, -1)
partials("multiply", Operand(1), Operand(0))
partials("divide", lambda xp, y, a, b: _inverse(_as(xp, b, y)), lambda xp, y, a, b: -y / b, strong=True)
partials("negative", -1)
partials("positive", 1)
partials("reciprocal", lambda xp, y, x: -y * y, strong=True)
partials("square", lambda xp, y, x: 2 * x)
partials("remainder", 1, lambda xp, y, a, b: -xp.floor_divide(a, b))
partials("sqrt", lambda xp, y, x: 0.5 / y, strong=True)


def _pow_base(xp: Any, y: Array, a: Array, b: Array) -> Array:
    if isinstance(b, int | float | complex):
        return b * a ** (b - 1) if b != 0 else xp.zeros_like(a)
    b = _as(xp, b, y)
    return xp.where(b == 0, 0.0, b * xp.pow(a, xp.where(b == 0, 1.0, b - 1)))


def _pow_exponent(xp: Any, y: Array, a: Array, b: Array) -> Array:
    a = xp.full_like(y, a) if isinstance(a, int | float | complex) else _as(xp, a, y)
    return y * xp.log(_nonzero(xp, a))


partials("pow", _pow_base, _pow_exponent, strong=True)

# ---- exponential and logarithm ----

partials("exp", lambda xp, y, x: y)
partials("expm1", lambda xp, y, x: y + 1)
partials("log", lambda xp, y, x: 1 / x, strong=True)
partials("log1p", lambda xp, y, x: 1 / (1 + x), strong=True)
partials("log2", lambda xp, y, x: 1.4426950408889634 / x, strong=True)
partials("log10", lambda xp, y, x: 0.4342944819032518 / x, strong=True)


def _softmax_weight(xp: Any, y: Array, a: Array) -> Array:
    # infinities cancel to 1 (+inf) or to 0 (both -inf), without inf - inf
    a = xp.where(a == float("inf"), 0.0, a) if not isinstance(a, int | float) else a
    return xp.exp(a - xp.where(xp.isinf(y), 0.0, y))


partials(
    "logaddexp",
    lambda xp, y, a, b: _softmax_weight(xp, y, a),
    lambda xp, y, a, b: _softmax_weight(xp, y, b),
)

# ---- trigonometric and hyperbolic ----

partials("sin", lambda xp, y, x: xp.cos(x))
partials("cos", lambda xp, y, x: -xp.sin(x))
partials("tan", lambda xp, y, x: 1 + y * y)
partials("sinh", lambda xp, y, x: xp.cosh(x))
partials("cosh", lambda xp, y, x: xp.sinh(x))
partials("tanh", lambda xp, y, x: 1 - y * y)
partials("asin", lambda xp, y, x: 1 / xp.sqrt((1 - x) * (1 + x)), strong=True)
partials("acos", lambda xp, y, x: -1 / xp.sqrt((1 - x) * (1 + x)), strong=True)
partials("atan", lambda xp, y, x: 1 / (1 + x * x), strong=True)
partials("asinh", lambda xp, y, x: 1 / xp.sqrt(1 + x * x), strong=True)
# a product of roots, not the root of the product: the branch cut of the complex function
partials("acosh", lambda xp, y, x: 1 / (xp.sqrt(x - 1) * xp.sqrt(x + 1)), strong=True)
partials("atanh", lambda xp, y, x: 1 / ((1 - x) * (1 + x)), strong=True)


def _squares(xp: Any, y: Array, a: Array, b: Array) -> Array:
    a, b = _as(xp, a, y), _as(xp, b, y)
    return _nonzero(xp, a * a + b * b)


partials(
    "atan2",
    lambda xp, y, a, b: b / _squares(xp, y, a, b),
    lambda xp, y, a, b: -a / _squares(xp, y, a, b),
)
partials(
    "hypot",
    lambda xp, y, a, b: a / _nonzero(xp, y),
    lambda xp, y, a, b: b / _nonzero(xp, y),
)

# ---- complex numbers ----


def _unit_conj(xp: Any, x: Array) -> Array:
    return xp.conj(x) / _nonzero(xp, xp.abs(x))


def _abs_push(xp: Any, dx: Array, y: Array, x: Array) -> Array:
    return xp.real(dx * _unit_conj(xp, x)) if _is_complex(xp, x) else dx * xp.sign(x)


def _abs_pull(xp: Any, dy: Array, y: Array, x: Array) -> Array:
    return dy * (_unit_conj(xp, x) if _is_complex(xp, x) else xp.sign(x))


def _sign(xp: Any, x: Array) -> Array:
    if not _is_complex(xp, x):
        return xp.constant.sign(x)
    size = xp.abs(x)
    return xp.where(size == 0, 0.0, x / _nonzero(xp, size))


rule("abs", pullback=(_abs_pull,), pushforward=(_abs_push,))
rule(
    "conj",
    pullback=(lambda xp, dy, y, x: xp.conj(dy) if _is_complex(xp, dy) else dy,),
    pushforward=(lambda xp, dx, y, x: xp.conj(dx) if _is_complex(xp, dx) else dx,),
)
rule(
    "real",
    pullback=(lambda xp, dy, y, x: dy,),
    pushforward=(lambda xp, dx, y, x: xp.real(dx),),
)
rule(
    "imag",
    # imag(x) = real(-i x)
    pullback=(lambda xp, dy, y, x: -1j * xp.astype(dy, x.dtype) if _is_complex(xp, x) else xp.zeros_like(x),),
    pushforward=(lambda xp, dx, y, x: xp.imag(dx),),
)
composed("sign", _sign)

# ---- piecewise ----


def _larger(xp: Any, y: Array, a: Array, b: Array) -> Array:
    """Share of ``a`` in the extremum ``y``; a tie is shared equally."""
    return xp.astype(a == y, y.dtype) * (1 - 0.5 * xp.astype(a == b, y.dtype))


def _second(xp: Any, y: Array, a: Array, b: Array) -> Array:
    return _larger(xp, y, b, a)


def _same_sign(xp: Any, y: Array, a: Array, b: Array) -> Array:
    return 2 * xp.astype(xp.signbit(a) == xp.signbit(y), y.dtype) - 1


def _clip(xp: Any, x: Array, /, min: Any = None, max: Any = None) -> Array:
    if min is not None:
        x = xp.maximum(x, min)
    return x if max is None else xp.minimum(x, max)


partials("maximum", _larger, _second)
partials("minimum", _larger, _second)
partials("copysign", _same_sign, 0)
composed("clip", _clip)

zero("ceil", "floor", "round", "trunc", "floor_divide", "signbit", "isfinite", "isinf", "isnan")
zero("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
zero("logical_and", "logical_or", "logical_xor", "logical_not")
zero("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_invert")
zero("bitwise_left_shift", "bitwise_right_shift")
undefined("nextafter", "it steps to a neighboring floating-point number")
