"""Softmax and its relatives with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools
import math

import jax
import jax.numpy as jnp

from xdl.nn._precision import narrow, widen
from xdl.nn._softmax import largest, log_softmax, logsumexp, reduced_axes, softmax


@softmax.method("jax", when=lambda x, /, *, axis: x.size > 0)
@functools.partial(jax.jit, static_argnames="axis")
def _(x, /, *, axis):
    reduced_axes(axis, x.ndim)
    limit = largest(jnp, x)
    masked = jnp.max(x, axis=axis, keepdims=True) == -math.inf
    y = jax.nn.softmax(widen(jnp, jnp.clip(x, -limit, limit)), axis=axis)
    return narrow(jnp, jnp.where(masked, 0.0, y), x)


@log_softmax.method("jax", when=lambda x, /, *, axis: x.size > 0)
@functools.partial(jax.jit, static_argnames="axis")
def _(x, /, *, axis):
    reduced_axes(axis, x.ndim)
    masked = jnp.max(x, axis=axis, keepdims=True) == -math.inf
    safe = jnp.where(masked, 0.0, jnp.minimum(x, largest(jnp, x)))
    return jnp.where(masked, x, narrow(jnp, jax.nn.log_softmax(widen(jnp, safe), axis=axis), x))


@logsumexp.method("jax")
@functools.partial(jax.jit, static_argnames=("axis", "keepdims"))
def _(x, /, *, axis, keepdims):
    return logsumexp.definition(x, axis=axis, keepdims=keepdims)
