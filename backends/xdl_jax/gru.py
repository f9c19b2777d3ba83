"""Gated recurrent units with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._gru import gru

gru.method("jax")(functools.partial(jax.jit, static_argnames=("reset", "reverse"))(gru.definition))
