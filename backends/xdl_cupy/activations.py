"""Activations with CuPy: value, or value and slope, by one kernel each."""

import math

import cupy

from xdl.nn._activations.exponential_units import exponential_unit, exponential_unit_and_slope
from xdl.nn._activations.gaussian_units import (
    CUBIC,
    QUICK,
    SLOPE,
    gelu,
    gelu_and_slope,
    quick_gelu,
    quick_gelu_and_slope,
)
from xdl.nn._activations.rectifiers import gate, relu
from xdl.nn._activations.self_gated import mish, mish_and_slope, silu, silu_and_slope
from xdl.nn._activations.sigmoids import (
    log_sigmoid,
    log_sigmoid_pullback,
    sigmoid,
    sigmoid_pullback,
    tanh_pullback,
)
from xdl.nn._activations.smooth_rectifiers import softplus, softplus_pullback

# W is what a kernel computes in: float for half precision, else the type of the array
WIDE = """
template<typename T> struct Wide { typedef float type; };
template<> struct Wide<double> { typedef double type; };
"""


def _kernel(name, inputs, outputs, code):
    """Elementwise kernel, compiled when first called for a type; ``z`` is the argument ``x``, widened."""
    start = "typedef Wide<T>::type W; " + ("W z = (W)x; " if inputs.startswith("T x") else "")
    return cupy.ElementwiseKernel(inputs, outputs, start + code, f"xdl_{name}", preamble=WIDE)


def _real(x, /, **options):
    return x.dtype.char in "efd"


def _alike(x, y, /):
    return x.dtype == y.dtype and x.dtype.char in "efd"


# ---- rectifiers ----

_relu = _kernel("relu", "T x", "T y", "y = x <= (T)0 ? (T)0 : x;")


@relu.method("cupy", when=_real)
def _(x, /):
    return _relu(x)


_gate = _kernel("gate", "T x, T y", "T r", "r = (W)y > 0 ? x : (T)0;")


@gate.method("cupy", when=_alike)
def _(x, y, /):
    return _gate(x, y)


# ---- sigmoids ----

SIGMOID = "W e = exp(z > 0 ? -z : z); W s = (z > 0 ? (W)1 : e) / (1 + e); "

_sigmoid = _kernel("sigmoid", "T x", "T y", SIGMOID + "y = (T)s;")


@sigmoid.method("cupy", when=_real)
def _(x, /):
    return _sigmoid(x)


_sigmoid_pullback = _kernel("sigmoid_pullback", "T dy, T y", "T dx", "dx = (T)((W)dy * ((W)y * (1 - (W)y)));")


@sigmoid_pullback.method("cupy", when=_alike)
def _(dy, y, /):
    return _sigmoid_pullback(dy, y)


_tanh_pullback = _kernel("tanh_pullback", "T dy, T y", "T dx", "dx = (T)((W)dy * (1 - (W)y * (W)y));")


@tanh_pullback.method("cupy", when=_alike)
def _(dy, y, /):
    return _tanh_pullback(dy, y)


_log_sigmoid = _kernel(
    "log_sigmoid", "T x", "T y", "y = (T)((z > 0 ? (W)0 : z) - log1p(exp(z > 0 ? -z : z)));"
)


@log_sigmoid.method("cupy", when=_real)
def _(x, /):
    return _log_sigmoid(x)


_log_sigmoid_pullback = _kernel(
    "log_sigmoid_pullback", "T dy, T y", "T dx", "dx = (T)(-((W)dy * expm1((W)y)));"
)


@log_sigmoid_pullback.method("cupy", when=_alike)
def _(dy, y, /):
    return _log_sigmoid_pullback(dy, y)


_softplus = _kernel("softplus", "T x", "T y", "y = (T)((z > 0 ? z : (W)0) + log1p(exp(z > 0 ? -z : z)));")


@softplus.method("cupy", when=_real)
def _(x, /):
    return _softplus(x)


_softplus_pullback = _kernel("softplus_pullback", "T dy, T y", "T dx", "dx = (T)(-((W)dy * expm1(-(W)y)));")


@softplus_pullback.method("cupy", when=_alike)
def _(dy, y, /):
    return _softplus_pullback(dy, y)


# ---- products with a step ----

_silu = _kernel("silu", "T x", "T y", SIGMOID + "y = (T)(z * s);")


@silu.method("cupy", when=_real)
def _(x, /):
    return _silu(x)


_silu_and_slope = _kernel(
    "silu_and_slope", "T x", "T y, T slope", SIGMOID + "y = (T)(z * s); slope = (T)(s + (z * s) * (1 - s));"
)


@silu_and_slope.method("cupy", when=_real)
def _(x, /):
    return _silu_and_slope(x)


ODDS = "W e = exp(z > 20 ? (W)20 : z); W n = e * (e + 2); "  # tanh(softplus(z)) = n / (n + 2)
_mish = _kernel("mish", "T x", "T y", ODDS + "y = (T)(z * (n / (n + 2)));")


@mish.method("cupy", when=_real)
def _(x, /):
    return _mish(x)


_mish_and_slope = _kernel(
    "mish_and_slope",
    "T x",
    "T y, T slope",
    ODDS + "W q = 2 / (n + 2); W c = z > 20 ? (W)20 : z < -200 ? (W)-200 : z; "
    "y = (T)(z * (n / (n + 2))); slope = (T)(n / (n + 2) + c * ((q * e) * (q * (e + 1))));",
)


@mish_and_slope.method("cupy", when=_real)
def _(x, /):
    return _mish_and_slope(x)


# ---- Gaussian units ----

TANH = (
    f"W c = z > 10 ? (W)10 : z < -10 ? (W)-10 : z; W k = c * c; "
    f"W t = tanh(c * ((W){SLOPE!r} + (W){CUBIC!r} * k)); "
)
TANH_SLOPE = f"(W)0.5 * (1 + t) + (W)0.5 * (1 - t * t) * (c * ((W){SLOPE!r} + (W){3 * CUBIC!r} * k))"
ERFC = f"W half = (W)0.5 * erfc((W){-math.sqrt(0.5)!r} * z); "
# at 40 the density is zero and its product with infinity must not be formed
DENSITY = f"W c = z > 40 ? (W)40 : z < -40 ? (W)-40 : z; W d = c * exp((W)-0.5 * (c * c)) * (W){1 / math.sqrt(2 * math.pi)!r}; "
_gelu = {
    True: _kernel("gelu_tanh", "T x", "T y", TANH + "y = (T)((W)0.5 * z * (1 + t));"),
    False: _kernel("gelu", "T x", "T y", ERFC + "y = (T)(half * z);"),
}
_gelu_and_slope = {
    True: _kernel(
        "gelu_tanh_slope",
        "T x",
        "T y, T slope",
        f"{TANH} y = (T)((W)0.5 * z * (1 + t)); slope = (T)({TANH_SLOPE});",
    ),
    False: _kernel(
        "gelu_slope", "T x", "T y, T slope", f"{ERFC} {DENSITY} y = (T)(half * z); slope = (T)(half + d);"
    ),
}


@gelu.method("cupy", when=_real)
def _(x, /, *, approximate):
    return _gelu[approximate](x)


@gelu_and_slope.method("cupy", when=_real)
def _(x, /, *, approximate):
    return _gelu_and_slope[approximate](x)


QUICK_SIGMOID = f"W a = (W){QUICK!r} * z; W e = exp(a > 0 ? -a : a); W s = (a > 0 ? (W)1 : e) / (1 + e); "
_quick_gelu = _kernel("quick_gelu", "T x", "T y", QUICK_SIGMOID + "y = (T)(z * s);")


@quick_gelu.method("cupy", when=_real)
def _(x, /):
    return _quick_gelu(x)


_quick_gelu_and_slope = _kernel(
    "quick_gelu_and_slope",
    "T x",
    "T y, T slope",
    QUICK_SIGMOID + f"y = (T)(z * s); slope = (T)(s + (W){QUICK!r} * (z * s) * (1 - s));",
)


@quick_gelu_and_slope.method("cupy", when=_real)
def _(x, /):
    return _quick_gelu_and_slope(x)


# ---- exponential units ----

_unit = _kernel(
    "exponential_unit",
    "T x, float64 positive, float64 negative, float64 rate",
    "T y",
    "y = (T)(z > 0 ? (W)positive * z : (W)negative * expm1((W)rate * z));",
)
_unit_and_slope = _kernel(
    "exponential_unit_slope",
    "T x, float64 positive, float64 negative, float64 rate",
    "T y, T slope",
    "y = (T)(z > 0 ? (W)positive * z : (W)negative * expm1((W)rate * z)); "
    "slope = (T)(z > 0 ? (W)positive : (W)(negative * rate) * exp((W)rate * z));",
)


@exponential_unit.method("cupy", when=_real)
def _(x, /, *, positive, negative, rate):
    return _unit(x, positive, negative, rate)


@exponential_unit_and_slope.method("cupy", when=_real)
def _(x, /, *, positive, negative, rate):
    return _unit_and_slope(x, positive, negative, rate)
