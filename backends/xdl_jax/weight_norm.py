"""Weight normalization with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._weight_norm import weight_norm


@weight_norm.method("jax")
@functools.partial(jax.jit, static_argnames="axis")
def _(v, g, /, *, axis=-1):
    return weight_norm.definition(v, g, axis=axis)
