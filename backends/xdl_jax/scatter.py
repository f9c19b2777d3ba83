"""Sums of rows that share an index, by XLA's scatter."""

import jax.numpy as jnp

from xdl.autodiff import scatter_add
from xdl.autodiff._scatter import check_scatter


@scatter_add.method("jax", when=lambda values, index, /, *, size: size > 0)
def _(values, index, /, *, size):
    rows, places = check_scatter(jnp, values, index, size)
    half = jnp.issubdtype(rows.dtype, jnp.floating) and jnp.finfo(rows.dtype).bits < 32
    wide = rows.astype(jnp.float32) if half else rows
    places = jnp.where(places < 0, size, places)  # JAX counts negative ones from the end
    y = jnp.zeros((size, *rows.shape[1:]), wide.dtype).at[places].add(wide, mode="drop")
    return y.astype(rows.dtype)
