"""Connectionist temporal classification with JAX: one compiled loop over time."""

import jax

from xdl.nn._ctc import ctc_loss

ctc_loss.method("jax")(jax.jit(ctc_loss.definition, static_argnames=("blank", "reduction", "zero_infinity")))
