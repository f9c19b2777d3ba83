"""Cross-entropy with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

from xdl.nn._cross_entropy import check_cross_entropy, cross_entropy
from xdl.nn._precision import narrow, widen


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
