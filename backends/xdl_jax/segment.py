"""Extrema of segments by XLA's scatter."""

import functools

import jax
import jax.numpy as jnp

from xdl.autodiff._scatter import check_scatter
from xdl.nn._segment import neutral, segment_extremum


@segment_extremum.method("jax", when=lambda x, segments, /, *, num_segments, largest: num_segments > 0)
@functools.partial(jax.jit, static_argnames=("num_segments", "largest"))
def _(x, segments, /, *, num_segments, largest):
    rows, places = check_scatter(jnp, x, segments, num_segments)
    places = jnp.where(places < 0, num_segments, places)  # JAX counts negative ones from the end
    result = jnp.full((num_segments, *rows.shape[1:]), neutral(jnp, x.dtype, largest), x.dtype).at[places]
    return result.max(rows, mode="drop") if largest else result.min(rows, mode="drop")
