"""Batch normalization with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._batch_norm import normalize_batch


@normalize_batch.method("jax")
@functools.partial(jax.jit, static_argnames="eps")
def _(x, weight, bias, /, *, eps):
    return normalize_batch.definition(x, weight, bias, eps=eps)
