"""Padding with JAX's own function, of NumPy's name and modes."""

import jax.numpy as jnp

from xdl.nn._pad import check_pad, pad


@pad.method("jax")
def _(x, padding, /, *, mode, value, axis):
    widths = [(0, 0)] * x.ndim
    for k, before, after in check_pad(x, padding, mode, axis):
        widths[k] = before, after
    options = {"constant_values": value} if mode == "constant" else {}
    return jnp.pad(x, widths, mode=mode, **options)
