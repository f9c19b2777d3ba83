"""Recurrent networks with JAX: compiled, so that outside of ``jit`` a call is one dispatch."""

import functools

import jax

from xdl.nn._rnn import rnn

rnn.method("jax")(functools.partial(jax.jit, static_argnames=("activation", "reverse"))(rnn.definition))
