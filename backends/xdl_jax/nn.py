"""Functions of networks with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

from xdl.nn._activations import gelu, relu, sigmoid, softplus
from xdl.nn._cross_entropy import check_cross_entropy, cross_entropy
from xdl.nn._erf import erfc
from xdl.nn._precision import narrow, widen
from xdl.nn._softmax import largest, log_softmax, logsumexp, reduced_axes, softmax


@relu.method("jax")
def _(x, /):
    return jax.nn.relu(x)


@sigmoid.method("jax")
def _(x, /):
    return jax.nn.sigmoid(x)


@softplus.method("jax")
def _(x, /):
    return jax.nn.softplus(x)


@gelu.method("jax")
def _(x, /, *, approximate):
    return narrow(jnp, jax.nn.gelu(widen(jnp, x), approximate=approximate), x)


@erfc.method("jax")
def _(x, /):
    return jax.scipy.special.erfc(x)


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


@cross_entropy.method(
    "jax",
    when=lambda logits, labels, /, **options: jnp.issubdtype(labels.dtype, jnp.integer) and logits.size > 0,
)
@functools.partial(jax.jit, static_argnames=("reduction", "axis", "label_smoothing"))
def _(logits, labels, /, *, reduction, axis, label_smoothing):
    axis = check_cross_entropy(logits, labels, False, reduction, axis, label_smoothing)
    x = widen(jnp, logits)
    m = lax.stop_gradient(jnp.max(x, axis=axis, keepdims=True))
    z = x - jnp.where(jnp.isfinite(m), m, math.nan)
    hit = jnp.expand_dims(labels, axis) == lax.broadcasted_iota(jnp.int32, z.shape, axis)
    fit = jnp.sum(jnp.where(hit, z, 0.0), axis=axis)
    if label_smoothing:
        fit = (1 - label_smoothing) * fit + label_smoothing * jnp.mean(z, axis=axis)
    loss = jnp.log(jnp.sum(jnp.exp(z), axis=axis)) - fit
    loss = jnp.where(jnp.any(hit, axis=axis), loss, math.nan)
    if reduction != "none":
        loss = jnp.mean(loss) if reduction == "mean" else jnp.sum(loss)
    return narrow(jnp, loss, logits)
