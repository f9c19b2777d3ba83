"""Parts of recurrences with JAX."""

import jax.numpy as jnp

from xdl.nn._recurrence import split_gates


@split_gates.method("jax")
def _(z, /, *, gates):
    return tuple(jnp.split(z, gates, axis=-1))
