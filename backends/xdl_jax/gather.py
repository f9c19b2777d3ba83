"""Rows picked by an index with JAX."""

import functools

import jax
import jax.numpy as jnp

from xdl.autodiff._scatter import positions
from xdl.nn._gather import rows_at


@rows_at.method("jax", when=lambda x, index, /, *, axis, from_end: x.size > 0 and index.size > 0)
@functools.partial(jax.jit, static_argnames=("axis", "from_end"))
def _(x, index, /, *, axis, from_end):
    places = positions(jnp, index)
    if not from_end or jnp.isdtype(index.dtype, "unsigned integer"):
        places = jnp.where(places < 0, x.shape[axis], places)  # JAX counts negative ones from the end
    return jnp.take(x, places, axis=axis, mode="fill")
