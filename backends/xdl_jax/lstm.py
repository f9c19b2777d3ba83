"""Long short-term memory with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._lstm import lstm

lstm.method("jax")(functools.partial(jax.jit, static_argnames="reverse")(lstm.definition))
