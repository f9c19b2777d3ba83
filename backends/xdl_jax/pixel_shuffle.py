"""Channels exchanged for resolution with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._pixel_shuffle import pixel_shuffle, pixel_unshuffle


@pixel_shuffle.method("jax")
@functools.partial(jax.jit, static_argnums=1)
def _(x, factor, /):
    return pixel_shuffle.definition(x, factor)


@pixel_unshuffle.method("jax")
@functools.partial(jax.jit, static_argnums=1)
def _(x, factor, /):
    return pixel_unshuffle.definition(x, factor)
