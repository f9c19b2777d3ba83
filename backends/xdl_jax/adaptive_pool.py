"""Pooling to a given size with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._adaptive_pool import adaptive_avg_pool, adaptive_max_pool


@adaptive_max_pool.method("jax")
@functools.partial(jax.jit, static_argnums=1)
def _(x, output_size, /):
    return adaptive_max_pool.definition(x, output_size)


@adaptive_avg_pool.method("jax")
@functools.partial(jax.jit, static_argnums=1)
def _(x, output_size, /):
    return adaptive_avg_pool.definition(x, output_size)
