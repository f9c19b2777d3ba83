"""Convolution with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from xdl.nn._conv import (
    check_conv,
    check_dtype,
    conv,
    conv_input_gradient,
    conv_pullback,
    conv_weight_gradient,
)

SINGLE = (jnp.float32, jnp.complex64)
LAYOUTS = {3: ("NTC", "TIO", "NTC"), 4: ("NHWC", "HWIO", "NHWC"), 5: ("NDHWC", "DHWIO", "NDHWC")}


@conv.method("jax")
def _(x, w, b=None, /, *, stride, padding, dilation, groups, precision):
    g = check_conv(x, w, b, stride, padding, dilation, groups, precision)
    check_dtype(jnp, x)
    return _conv(x, w, b, g)


@functools.partial(jax.jit, static_argnums=3)
def _conv(x, w, b, g):
    y = _correlate(x, w, g)
    return y if b is None else y + b


def _correlate(x, w, g):
    return lax.conv_general_dilated(
        x,
        w,
        g.stride,
        g.padding,
        rhs_dilation=g.dilation,
        dimension_numbers=LAYOUTS[x.ndim],
        feature_group_count=g.groups,
        # or a GPU would round single precision to TF32
        precision=lax.Precision.HIGHEST if x.dtype in SINGLE else None,
    )


@conv_input_gradient.method("jax")
def _(dy, w, /, *, geometry, precision):
    return _input_gradient(dy, w, geometry)


@functools.partial(jax.jit, static_argnums=2)
def _input_gradient(dy, w, g):
    x = jax.ShapeDtypeStruct((dy.shape[0], *g.spatial, w.shape[-2] * g.groups), dy.dtype)
    return jax.linear_transpose(lambda x: _correlate(x, w, g), x)(dy)[0]


@conv_weight_gradient.method("jax")
def _(x, dy, /, *, geometry, precision):
    return _weight_gradient(x, dy, geometry)


@functools.partial(jax.jit, static_argnums=2)
def _weight_gradient(x, dy, g):
    w = jax.ShapeDtypeStruct((*g.kernel, x.shape[-1] // g.groups, dy.shape[-1]), x.dtype)
    return jax.linear_transpose(lambda w: _correlate(x, w, g), w)(dy)[0]


@conv_pullback.method("jax")
@functools.partial(jax.jit, static_argnames=("geometry", "precision", "wanted", "saved"))
def _(dy, x, w, /, *, geometry, precision, wanted, saved=None):
    return conv_pullback.definition(
        dy, x, w, geometry=geometry, precision=precision, wanted=wanted, saved=saved
    )
