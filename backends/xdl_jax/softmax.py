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
    return narrow(jnp, probabilities(widen(jnp, x), axis, largest(jnp, x)), x)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def probabilities(x, axis, limit):
    """Softmax in few passes, with a derivative of few; +inf counts as ``limit``, and zeros are where all is -inf."""
    top = jnp.clip(jnp.max(x, axis=axis, keepdims=True), -limit, limit)
    e = jnp.exp(jnp.minimum(x, limit) - top)
    return e / jnp.maximum(jnp.sum(e, axis=axis, keepdims=True), jnp.finfo(x.dtype).tiny)


@probabilities.defjvp
def _(axis, limit, primals, tangents):
    y, (dx,) = probabilities(*primals, axis, limit), tangents
    return y, y * (dx - jnp.sum(y * dx, axis=axis, keepdims=True))


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
