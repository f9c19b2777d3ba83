"""Normalization of examples with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._layer_norm import layer_norm, rms_norm


@layer_norm.method("jax")
@functools.partial(jax.jit, static_argnames=("axis", "eps"))
def _(x, weight=None, bias=None, /, *, axis=-1, eps=1e-5):
    return layer_norm.definition(x, weight, bias, axis=axis, eps=eps)


@rms_norm.method("jax")
@functools.partial(jax.jit, static_argnames=("axis", "eps"))
def _(x, weight=None, /, *, axis=-1, eps=1e-5):
    return rms_norm.definition(x, weight, axis=axis, eps=eps)
